import { topologySchema, verdictSchema } from "../../src/topology/schema.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function topologySchemaText(): string {
  return jsonSchemaText(topologySchema, "topology", "The model of a live deployment");
}

export function verdictSchemaText(): string {
  return jsonSchemaText(verdictSchema, "verdict", "What the model of a live deployment means");
}
