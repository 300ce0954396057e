import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { inWindow, nextOpening } from "../../drill/window.ts";
import { defineAction } from "../define.ts";

/** Holds the time against `drill.window` of redisha.yaml. */
export const guardWindow = defineAction({
  name: "guard.window",
  summary: "Fails outside of the maintenance window of redisha.yaml (drill.window), and says when it opens",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ declared: z.boolean() }),
  example: `- id: window
  action: guard.window
  with: {}`,
  commands: () => [{ transport: "controller", text: "hold the time against drill.window" }],
  async run(_input, { deployment }) {
    const window = deployment.drill?.window;
    if (!window || inWindow(window, Date.now())) return { outputs: { declared: window !== undefined }, changed: false };
    const opens = nextOpening(window, Date.now());
    const when = opens === undefined ? "it never opens" : `it opens ${inWords(opens, window.timezone)}`;
    throw new RedishaError({
      code: "OUTSIDE_WINDOW",
      message: `This is outside of the maintenance window of ${deployment.name}; ${when}.`,
      exit: EXIT.gateRefused,
      state: "nothing was touched",
      next: ["pass over it: --waive window", "it stands in redisha.yaml under drill.window"],
    });
  },
});

function inWords(atMs: number, timezone: string): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "short" });
  return `${format.format(atMs)} (${timezone})`;
}
