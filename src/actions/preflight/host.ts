import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { hostFactsSchema } from "../../preflight/facts.ts";
import { defineAction } from "../define.ts";
import { hostFacts, systemFacts } from "../os/facts.ts";

/** Reads what checks want of a host. One that cannot be asked is a fact, and no failure: the checks tell it. */
export const preflightHost = defineAction({
  name: "preflight.host",
  summary: "Reads of each targeted host what checks look at: memory, swap, kernel settings, huge pages, clock",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: hostFactsSchema,
  example: `- id: hosts
  action: preflight.host
  targets: { role: any }
  with: {}`,
  commands: (_input, target) => hostFacts.commands({}, target),
  async run(_input, context) {
    try {
      const { memory, swap, sysctl, huge_pages, clock } = await systemFacts(context);
      return { outputs: { read: true, why: null, memory, swap, ...sysctl, huge_pages, clock }, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { ...UNREAD, why: messageOf(error) }, changed: false };
    }
  },
});

const UNREAD = {
  read: false,
  memory: null,
  swap: null,
  overcommit_memory: null,
  swappiness: null,
  somaxconn: null,
  huge_pages: null,
  clock: null,
};
