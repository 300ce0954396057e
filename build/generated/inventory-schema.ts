import { inventorySchema } from "../../src/inventory/schema.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function inventoryJsonSchema(): string {
  return jsonSchemaText(inventorySchema, "redisha", "redisha.yaml");
}
