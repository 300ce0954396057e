import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { scrubber } from "../../core/scrub.ts";
import { NOTIFY_EVENTS } from "../../inventory/model.ts";
import { defineAction } from "../define.ts";
import { tellCommand } from "./tell-command.ts";
import { tellWebhook } from "./tell-webhook.ts";

/** Tells whoever redisha.yaml names under `notify`. That nobody could be told is a warning: a drill does not fail by it. */
export const notify = defineAction({
  name: "notify",
  summary: "Tells the command and the webhook of redisha.yaml (notify) that something happens; never fails",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({
    event: z.enum(NOTIFY_EVENTS),
    message: z.string().describe("One sentence for people"),
    data: z.record(z.string(), z.unknown()).default({}).describe("Figures for programs"),
  }),
  output: z.strictObject({ told: z.array(z.enum(["command", "webhook"])).describe("Who took it") }),
  example: `- id: announce
  action: notify
  with: { event: start, message: "The monthly drill begins" }`,
  commands: ({ event, message }) => [{ transport: "controller", text: `notify ${event}: ${message}` }],
  async run({ event, message, data }, context) {
    const { deployment, life, signal } = context;
    const { notify: policy } = deployment;
    const told: ("command" | "webhook")[] = [];
    if (!policy || (policy.events && !policy.events.includes(event))) return { outputs: { told }, changed: false };
    const news = { event, deployment: deployment.name, run: life.id, at: new Date().toISOString(), message, data };
    const attempt = async (whom: "command" | "webhook", tell: () => Promise<void>) => {
      try {
        await tell();
        told.push(whom);
      } catch (error) {
        const why = scrubber.scrub(messageOf(error));
        context.emit({ type: "warning", message: `the ${whom} of notify was not told of ${event}: ${why}` });
      }
    };
    const { command, webhook, timeoutMs } = policy;
    if (command) await attempt("command", () => tellCommand(command, news, { timeoutMs, signal }));
    if (webhook) await attempt("webhook", () => tellWebhook(webhook, news, { timeoutMs, signal }));
    return { outputs: { told }, changed: false };
  },
});
