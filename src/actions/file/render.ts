import { z } from "zod";
import { renderTemplate } from "../../render/template.ts";
import { defineAction } from "../define.ts";

/** Fills in a template of redisha's own, for file.put. */
export const fileRender = defineAction({
  name: "file.render",
  summary: "Fills in a template that comes with redisha; nothing is written",
  scope: "any",
  effect: "read",
  input: z.strictObject({
    template: z
      .string()
      .regex(/^[a-z][a-z0-9-]*(\/[a-z][a-z0-9.-]*)+\.eta$/, "a path below templates/, such as systemd/limits.conf.eta")
      .describe("Path below templates/"),
    values: z.record(z.string(), z.union([z.string(), z.int(), z.boolean()])).default({}),
  }),
  output: z.strictObject({ content: z.string() }),
  example: `- id: limits
  action: file.render
  with: { template: systemd/limits.conf.eta, values: { nofile: 65535 } }`,
  commands: ({ template }) => [{ transport: "controller", text: `render templates/${template}` }],
  run: async ({ template, values }) => ({ outputs: { content: renderTemplate(template, values) }, changed: false }),
});
