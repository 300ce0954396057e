import { envelopeSchema } from "../../src/cli/envelope.ts";
import { statusResultSchema } from "../../src/cli/status/status-result.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function envelopeJsonSchema(): string {
  return jsonSchemaText(envelopeSchema, "envelope", "What every command prints with --json");
}

export function statusJsonSchema(): string {
  return jsonSchemaText(statusResultSchema, "status", "result of redisha status --json");
}
