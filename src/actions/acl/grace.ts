import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatDuration } from "../../core/units.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

/** What the step has beyond the wait itself. */
const MARGIN_MS = 5_000;

/** Gives applications time to take up what is new. */
export const aclGrace = defineAction({
  name: "acl.grace",
  summary: "Waits while the old and the new are both taken, for applications to take up the new ones",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({ for: durationSchema.describe("How long, e.g. 10m") }),
  output: z.strictObject({ waited_ms: z.int() }),
  example: `- id: grace
  action: acl.grace
  with: { for: 10m }`,
  commands: ({ for: ms }) => [{ transport: "controller", text: `wait ${formatDuration(ms)}` }],
  async run({ for: ms }, { signal, progress, stopAsked }) {
    const end = performance.now() + ms;
    for (let left = ms; left > 0; left = end - performance.now()) {
      // It may be a day, and nothing is under way that would have to be finished.
      if (stopAsked()) throw interrupted();
      progress(`both are taken for ${formatDuration(Math.round(left / 1_000) * 1_000)} more`);
      await delay(Math.min(left, 1_000), undefined, { signal });
    }
    return { outputs: { waited_ms: Math.round(ms) }, changed: false };
  },
  takesMs: ({ for: ms }) => ms + MARGIN_MS,
});

function interrupted(): RedishaError {
  return new RedishaError({
    code: "INTERRUPTED",
    message: "Stopped while both were taken.",
    exit: EXIT.interrupted,
    state: "old and new are both taken; who goes on waits anew",
  });
}
