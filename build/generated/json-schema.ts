import { type ZodType, z } from "zod";

/** The JSON Schema of what a zod schema accepts, as text to check in. Draft 7: what editors' YAML plug-ins read best. */
export function jsonSchemaText(schema: ZodType, name: string, title: string): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, { target: "draft-7", io: "input" });
  return `${JSON.stringify({ $schema, $id: `${name}.schema.json`, title, ...rest }, undefined, 2)}\n`;
}
