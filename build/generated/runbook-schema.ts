import { actionCatalog } from "../../src/actions/catalog.ts";
import { runbookJsonSchema } from "../../src/runbook/json-schema.ts";

export function runbookSchemaText(): string {
  return `${JSON.stringify(runbookJsonSchema(actionCatalog()), undefined, 2)}\n`;
}
