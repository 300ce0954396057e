import { Environment } from "@marcbachmann/cel-js";
import { Secret } from "../core/secret.ts";
import type { CelMakers } from "./cel-functions.ts";
import { domainFunctions } from "./cel-functions.ts";
import type { CelType } from "./cel-type.ts";
import { DYN } from "./cel-type.ts";
import { toCel } from "./cel-values.ts";

/** Nesting and size far above any honest expression, far below what would hurt. */
const LIMITS = { maxAstNodes: 2_000, maxDepth: 60 };

type ObjectType = CelType & { readonly kind: "object" };

/**
 * The object types known to CEL so far, and the environments made from them. The library locks an environment once it
 * has been copied; the next new type then goes on a copy of it.
 */
export class CelTable {
  readonly makers: CelMakers;
  #types: Environment;
  #locked = false;
  readonly #objects: Map<string, { readonly type: ObjectType; readonly make: () => Record<string, unknown> }>;
  readonly #names: Map<ObjectType, string>;
  /** Converted copies of the live model, which is never changed in place. */
  readonly #cache = new WeakMap<object, Map<CelType, unknown>>();

  private constructor(makers: CelMakers, types: Environment, from?: CelTable) {
    this.makers = makers;
    this.#types = types;
    this.#objects = from ? new Map(from.#objects) : new Map();
    this.#names = from ? new Map(from.#names) : new Map();
  }

  /** A table that knows CEL's own types, secrets and our functions. */
  static create(): CelTable {
    const makers = { duration: durationMaker() };
    const types = new Environment({
      unlistedVariablesAreDyn: false,
      homogeneousAggregateLiterals: false,
      limits: LIMITS,
    });
    types.registerType("secret", { ctor: Secret, fields: {} });
    for (const [signature, handler] of domainFunctions(makers)) {
      types.registerFunction(signature, handler, { async: false });
    }
    return new CelTable(makers, types);
  }

  /** A table of its own that starts with everything known here. */
  fork(): CelTable {
    this.#locked = true;
    return new CelTable(this.makers, this.#types.clone(), this);
  }

  /** The name by which CEL knows a type; objects are registered on first sight. */
  nameOf(type: CelType): string {
    const name = this.#bareName(type);
    const scalar = type.kind !== "list" && type.kind !== "map" && type.kind !== "object";
    return type.nullable && scalar && type.kind !== "dyn" && type.kind !== "null" ? `dyn<${name}>` : name;
  }

  /** The type behind a name that a check gave back; `dyn` where it is none of ours. */
  typeNamed(name: string): CelType {
    const object = this.#objects.get(name);
    if (object) return object.type;
    const inner = /^(dyn|list)<(.+)>$/.exec(name);
    if (inner?.[1] === "dyn") return { ...this.typeNamed(inner[2] ?? ""), nullable: true };
    if (inner?.[1] === "list") return { kind: "list", of: this.typeNamed(inner[2] ?? "") };
    const map = /^map<string, (.+)>$/.exec(name);
    if (map) return { kind: "map", of: this.typeNamed(map[1] ?? "") };
    switch (name) {
      case "int":
      case "double":
      case "bool":
      case "string":
      case "null":
      case "secret":
        return { kind: name };
      case "google.protobuf.Duration":
        return { kind: "duration" };
      case "list":
        return { kind: "list", of: DYN };
      default:
        return DYN;
    }
  }

  /** An environment with these variables, and every type they need. */
  environment(variables: ReadonlyMap<string, CelType>): Environment {
    const named = [...variables].map(([name, type]) => [name, this.nameOf(type)] as const);
    this.#locked = true;
    const environment = this.#types.clone();
    for (const [name, type] of named) environment.registerVariable(name, type);
    return environment;
  }

  /** A value as CEL wants it. `shared` values are converted once for as long as they live. */
  value(value: unknown, type: CelType, shared: boolean): unknown {
    if (!shared || typeof value !== "object" || value === null) return this.#convert(value, type);
    const known = this.#cache.get(value) ?? new Map<CelType, unknown>();
    this.#cache.set(value, known);
    if (!known.has(type)) known.set(type, this.#convert(value, type));
    return known.get(type);
  }

  #convert(value: unknown, type: CelType): unknown {
    return toCel(value, type, this.makers, (object) => this.#instance(object));
  }

  #instance(type: ObjectType): Record<string, unknown> {
    const object = this.#objects.get(this.#bareName(type));
    return object ? object.make() : {};
  }

  #bareName(type: CelType): string {
    switch (type.kind) {
      case "list":
        return `list<${this.nameOf(type.of)}>`;
      case "map":
        return `map<string, ${this.nameOf(type.of)}>`;
      case "duration":
        return "google.protobuf.Duration";
      case "object":
        return this.#names.get(type) ?? this.#register(type);
      default:
        return type.kind;
    }
  }

  #register(type: ObjectType): string {
    const fields = Object.fromEntries(
      Object.entries(type.fields).map(([field, fieldType]) => [field, this.nameOf(fieldType)]),
    );
    // CEL needs apart what shares a name, and reads some characters as the notation of a type.
    const base = `${type.name.replace(/[^\w. -]/g, "_")} object`;
    let name = base;
    for (let i = 2; this.#objects.has(name); i += 1) name = `${base} ${i}`;
    const Made = class {};
    if (this.#locked) this.#types = this.#types.clone();
    this.#locked = false;
    this.#types.registerType(name, { ctor: Made, fields });
    this.#objects.set(name, { type, make: () => Object.assign(new Made()) });
    this.#names.set(type, name);
    return name;
  }
}

/** The library does not export its duration class; a duration it made leads to it. */
function durationMaker(): (ms: number) => unknown {
  const environment = new Environment();
  return (ms) => environment.evaluate(`duration("${Math.round(ms)}ms")`);
}
