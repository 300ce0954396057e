import { z } from "zod";

/** The part of a JSON Schema that the reference is made from. */
const nodeSchema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  description: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  const: z.unknown().optional(),
  required: z.array(z.string()).optional(),
  get properties() {
    return z.record(z.string(), nodeSchema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), nodeSchema]).optional();
  },
  get items() {
    // A tuple has one schema for each place.
    return z.union([nodeSchema, z.array(nodeSchema)]).optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
});
export type Node = z.infer<typeof nodeSchema>;

/** The schema of data as it is written (`input`) or as it comes out (`output`). */
export function schemaNode(schema: z.ZodType, io: "input" | "output"): Node {
  return nodeSchema.parse(z.toJSONSchema(schema, { target: "draft-7", io, unrepresentable: "any" }));
}

/** Head of the tables below. */
export const TABLE_HEAD = ["| key | value | meaning |", "| --- | --- | --- |"];

/** A row for each key below a schema, required ones in bold. */
export function schemaRows(node: Node, path: string): string[] {
  const required = new Set(node.required);
  const named = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const full = path === "" ? key : `${path}.${key}`;
    const shown = required.has(key) ? `**\`${full}\`**` : `\`${full}\``;
    return [`| ${shown} | ${cell(kind(child))} | ${cell(child.description ?? "")} |`, ...schemaRows(child, full)];
  });
  const { additionalProperties: rest } = node;
  const each = typeof rest === "object" ? schemaRows(rest, `${path}.‹name›`) : [];
  const items = itemsOf(node).flatMap((item) => schemaRows(item, `${path}[]`));
  return [...named, ...each, ...items, ...(node.anyOf ?? []).flatMap((branch) => schemaRows(branch, path))];
}

function kind(node: Node): string {
  if (node.anyOf) return [...new Set(node.anyOf.map(kind))].join(" or ");
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.items) return `list of ${[...new Set(itemsOf(node).map(kind))].join(" and ")}`;
  return [node.type ?? []].flat().map(word).join(" or ");
}

function itemsOf({ items }: Node): Node[] {
  return [items ?? []].flat();
}

function word(type: string): string {
  return { object: "map", integer: "whole number", string: "text" }[type] ?? type;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
