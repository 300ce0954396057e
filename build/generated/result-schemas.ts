import { envelopeSchema } from "../../src/cli/envelope.ts";
import { statusResultSchema } from "../../src/cli/status/status-result.ts";
import {
  labDownResultSchema,
  labKillResultSchema,
  labPsResultSchema,
  labRestartResultSchema,
  labUpResultSchema,
} from "../../src/lab/results.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function envelopeJsonSchema(): string {
  return jsonSchemaText(envelopeSchema, "envelope", "What every command prints with --json");
}

export function statusJsonSchema(): string {
  return jsonSchemaText(statusResultSchema, "status", "result of redisha status --json");
}

const LAB_RESULTS = {
  up: labUpResultSchema,
  ps: labPsResultSchema,
  kill: labKillResultSchema,
  restart: labRestartResultSchema,
  down: labDownResultSchema,
};

/** A schema per lab command. */
export const labJsonSchemas = Object.entries(LAB_RESULTS).map(([verb, schema]) => ({
  path: `schemas/lab-${verb}.schema.json`,
  content: () => jsonSchemaText(schema, `lab-${verb}`, `result of redisha lab ${verb} --json`),
}));
