import type { ZodType } from "zod";
import { z } from "zod";

/**
 * Types as expressions see them. A nullable scalar may be compared with `null` and is an error in arithmetic, order and
 * logic while it is null. A nullable list, map or object is absent instead: `has()` asks for it.
 */
export type CelType = { readonly nullable?: boolean } & (
  | { readonly kind: "int" | "double" | "bool" | "duration" | "secret" | "dyn" | "null" }
  | { readonly kind: "string"; readonly values?: readonly string[] }
  | { readonly kind: "list" | "map"; readonly of: CelType }
  | { readonly kind: "object"; readonly name: string; readonly fields: Readonly<Record<string, CelType>> }
);

export const DYN: CelType = { kind: "dyn" };
export const BOOL: CelType = { kind: "bool" };
export const STRING: CelType = { kind: "string" };
export const INT: CelType = { kind: "int" };

export function objectType(name: string, fields: Readonly<Record<string, CelType>>): CelType & { kind: "object" } {
  return { kind: "object", name, fields };
}

interface JsonType {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonType[];
  readonly items?: JsonType | boolean;
  readonly prefixItems?: readonly JsonType[];
  readonly properties?: Readonly<Record<string, JsonType>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonType | boolean;
}

/**
 * The type of what a zod schema lets through (`output`), or of what it accepts (`input`). What CEL cannot say is `dyn`:
 * it is then checked when it is evaluated. `name` names the objects in messages.
 */
export function celTypeOf(schema: ZodType, name: string, io: "input" | "output" = "output"): CelType {
  const json: unknown = z.toJSONSchema(schema, { io, unrepresentable: "any", cycles: "ref" });
  return isJsonType(json) ? fromJson(json, name) : DYN;
}

function isJsonType(value: unknown): value is JsonType {
  return typeof value === "object" && value !== null;
}

function fromJson(json: JsonType, name: string): CelType {
  if (json.anyOf) return fromUnion(json.anyOf, name);
  if (json.enum || json.const !== undefined) {
    const values = json.enum ?? [json.const];
    if (values.every((value) => typeof value === "string")) return { kind: "string", values };
    return values.every((value) => typeof value === "boolean") ? BOOL : DYN;
  }
  const { type } = json;
  if (typeof type === "object")
    return fromUnion(
      type.map((each) => ({ ...json, type: each })),
      name,
    );
  switch (type) {
    case "string":
      return STRING;
    case "integer":
      return INT;
    case "number":
      return { kind: "double" };
    case "boolean":
      return BOOL;
    case "null":
      return { kind: "null" };
    case "array":
      return { kind: "list", of: itemType(json, `${name} item`) };
    case "object":
      return fromObject(json, name);
    default:
      return DYN;
  }
}

function itemType(json: JsonType, name: string): CelType {
  // A tuple is a list to CEL: typed where its parts are alike.
  if (json.prefixItems) return fromUnion(json.prefixItems, name);
  return typeof json.items === "object" ? fromJson(json.items, name) : DYN;
}

function fromObject(json: JsonType, name: string): CelType {
  if (json.properties) {
    const required = new Set(json.required);
    const fields = Object.entries(json.properties).map(([key, value]): [string, CelType] => {
      const type = fromJson(value, `${name}.${key}`);
      return [key, required.has(key) ? type : { ...type, nullable: true }];
    });
    return objectType(name, Object.fromEntries(fields));
  }
  const { additionalProperties } = json;
  return { kind: "map", of: isJsonType(additionalProperties) ? fromJson(additionalProperties, `${name} value`) : DYN };
}

function fromUnion(branches: readonly JsonType[], name: string): CelType {
  const types = branches.map((branch) => fromJson(branch, name));
  const real = types.filter((type) => type.kind !== "null");
  const [first, ...rest] = real;
  if (!first) return { kind: "null" };
  const nullable = real.length < types.length || real.some((type) => type.nullable);
  const scalar = first.kind !== "object" && first.kind !== "list" && first.kind !== "map";
  const same = rest.length === 0 || (scalar && rest.every((type) => type.kind === first.kind));
  if (!same) return DYN;
  const type = rest.length > 0 && first.kind === "string" ? STRING : first;
  return nullable ? { ...type, nullable: true } : type;
}
