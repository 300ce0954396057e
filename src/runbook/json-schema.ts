import { z } from "zod";
import type { ActionCatalog, ActionSpec } from "./action-spec.ts";
import { FLOW_INPUTS, headSchema, inputSchema, invariantSchema, NAME, stepFields } from "./schema.ts";

/**
 * The whole language as JSON Schema, for editors: every key, and for each action of the catalogue the keys of its `with`.
 * Values of `with` stay open, since `${{ }}` may stand for any of them; `redisha runbook validate` checks those.
 */
export function runbookJsonSchema(catalog: ActionCatalog): Record<string, unknown> {
  const step: z.ZodType = z
    .strictObject({
      ...stepFields,
      get steps() {
        return z.array(step).min(1).optional();
      },
      get rescue() {
        return z.array(step).min(1).optional();
      },
      get always() {
        return z.array(step).min(1).optional();
      },
    })
    .meta({ id: "step", allOf: [...catalog.values()].flatMap(keysOfWith) });
  const name = z.string().regex(NAME);
  const steps = z.array(step).min(1);
  const file = headSchema.extend({
    inputs: z.record(name, inputSchema).optional(),
    invariants: z.array(invariantSchema).optional(),
    blocks: z.record(name, steps).optional(),
    steps,
    finally: steps.optional(),
  });
  // Draft 7 is what the YAML language servers of editors understand best.
  const { $schema, ...rest } = z.toJSONSchema(file, { target: "draft-7", io: "input" });
  return { $schema, $id: "runbook.schema.json", title: "redisha runbook", ...rest };
}

const withKeys = z.object({
  properties: z.record(z.string(), z.object({ description: z.string().optional() })).optional(),
  required: z.array(z.string()).optional(),
  additionalProperties: z.unknown().optional(),
});

function keysOfWith(spec: ActionSpec): object[] {
  const schema = FLOW_INPUTS.get(spec.name) ?? spec.input;
  const json = z.toJSONSchema(schema, { target: "draft-7", io: "input", unrepresentable: "any" });
  const { properties, required, additionalProperties } = withKeys.parse(json);
  if (!properties || additionalProperties !== false) return [];
  const keys = Object.entries(properties).map(([key, { description }]) => [key, description ? { description } : {}]);
  return [
    {
      if: { properties: { action: { const: spec.name } } },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: {
        properties: {
          action: { description: spec.summary },
          with: {
            properties: Object.fromEntries(keys),
            additionalProperties: false,
            ...(required ? { required } : {}),
          },
        },
      },
    },
  ];
}
