import { z } from "zod";
import { renderTemplate } from "../template.ts";
import { defineKind } from "./kind.ts";
import { duration, inUnits } from "./option.ts";

const url = (what: string) =>
  z
    .string({ error: "must be given, such as https://pager.example/redis" })
    .regex(/^https?:\/\/[^\s"@]+$/, "expected an address such as https://pager.example/redis, without a login")
    .describe(what);

const options = z.strictObject({
  page: url("Webhook that is called when users suffer: alerts that are critical. Must be given."),
  tell: url("Webhook for warnings and what only happened. Left out: the same.").optional(),
  token_file: z
    .string()
    .regex(/^\/\S+$/, "expected an absolute path")
    .optional()
    .describe("File with the token that webhooks are called with (Authorization: Bearer)."),
  repeat: duration("4h", "After which a critical alert that goes on is told again; others a day."),
});

/** Routes of Alertmanager: who is called for what, and what is not told because something else tells it. */
export const alertmanager = defineKind({
  name: "alertmanager",
  title: "Alertmanager: who is called for what, and what keeps silent beside what",
  files: ["alertmanager.yml"],
  options,
  check: ["amtool check-config alertmanager.yml"],
  render(deployment, options) {
    const text = renderTemplate("alertmanager/alertmanager.yml.eta", {
      deployment: deployment.name,
      kind: deployment.kind,
      page: options.page,
      tell: options.tell ?? options.page,
      token_file: options.token_file ?? null,
      repeat: inUnits(options.repeat),
    });
    const notes = [
      "an Alertmanager that is there already takes the route, the receivers and inhibit_rules into its own",
    ];
    return { files: [{ path: "alertmanager.yml", text }], notes };
  },
});
