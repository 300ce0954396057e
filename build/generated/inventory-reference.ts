import { z } from "zod";
import { inventorySchema } from "../../src/inventory/schema.ts";

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
    return z.union([z.literal(false), nodeSchema]).optional();
  },
  get items() {
    return nodeSchema.optional();
  },
  get anyOf() {
    return z.array(nodeSchema).optional();
  },
});
type Node = z.infer<typeof nodeSchema>;

/** Every key of redisha.yaml in tables: path, kind, meaning. */
export function inventoryReference(): string {
  const root = nodeSchema.parse(z.toJSONSchema(inventorySchema, { target: "draft-7", io: "input" }));
  const { deployments, ...top } = root.properties ?? {};
  const deployment = deployments?.additionalProperties || {};
  return [
    "# Keys of redisha.yaml",
    "",
    "Generated from the schema by `npm run generate`. The [guide](../guide/inventory.md) says how they work together.",
    "Keys in **bold** must be there.",
    "",
    "## At the top",
    "",
    ...HEAD,
    ...rows({ ...root, properties: { ...top, deployments: { ...deployments, additionalProperties: false } } }, ""),
    "",
    "## Of a deployment: `deployments.‹name›`",
    "",
    ...HEAD,
    ...rows(deployment, ""),
    "",
  ].join("\n");
}

const HEAD = ["| key | value | meaning |", "| --- | --- | --- |"];

function rows(node: Node, path: string): string[] {
  const required = new Set(node.required);
  const named = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const full = path === "" ? key : `${path}.${key}`;
    const shown = required.has(key) ? `**\`${full}\`**` : `\`${full}\``;
    return [`| ${shown} | ${cell(kind(child))} | ${cell(child.description ?? "")} |`, ...rows(child, full)];
  });
  const each = node.additionalProperties ? rows(node.additionalProperties, `${path}.‹name›`) : [];
  const items = node.items ? rows(node.items, `${path}[]`) : [];
  return [...named, ...each, ...items, ...(node.anyOf ?? []).flatMap((branch) => rows(branch, path))];
}

function kind(node: Node): string {
  if (node.anyOf) return [...new Set(node.anyOf.map(kind))].join(" or ");
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum) return node.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (node.items) return `list of ${kind(node.items)}`;
  return [node.type ?? []].flat().map(word).join(" or ");
}

function word(type: string): string {
  return { object: "map", integer: "whole number", string: "text" }[type] ?? type;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
