import { inventorySchema } from "../../src/inventory/schema.ts";
import { schemaNode, schemaRows, TABLE_HEAD } from "./schema-table.ts";

/** Every key of redisha.yaml in tables: path, kind, meaning. */
export function inventoryReference(): string {
  const root = schemaNode(inventorySchema, "input");
  const { deployments, ...top } = root.properties ?? {};
  const each = deployments?.additionalProperties;
  const deployment = typeof each === "object" ? each : {};
  return [
    "# Keys of redisha.yaml",
    "",
    "Generated from the schema by `npm run generate`. The [guide](../guide/inventory.md) says how they work together.",
    "Keys in **bold** must be there.",
    "",
    "## At the top",
    "",
    ...TABLE_HEAD,
    ...schemaRows(
      { ...root, properties: { ...top, deployments: { ...deployments, additionalProperties: false } } },
      "",
    ),
    "",
    "## Of a deployment: `deployments.‹name›`",
    "",
    ...TABLE_HEAD,
    ...schemaRows(deployment, ""),
    "",
  ].join("\n");
}
