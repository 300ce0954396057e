import { testFileSchema } from "../../src/rehearsal/test-schema.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function runbookTestSchemaText(): string {
  return jsonSchemaText(testFileSchema, "runbook-test", "Test of a runbook: NAME.test.yaml");
}
