import { z } from "zod";
import { drillIn } from "../../drill/drill-slot.ts";
import { KEY_PREFIX } from "../../drill/settings.ts";
import { defineAction } from "../define.ts";
import { removeKeys } from "./remove-keys.ts";

/**
 * Removes what the probes wrote. Works in any process: the keys of a drill whose process is gone are found by the run's
 * id on every primary.
 */
export const drillClean = defineAction({
  name: "drill.clean",
  summary: "Removes the keys that the drill's probes wrote, also where the process that started the drill is gone",
  scope: "controller",
  effect: "change",
  measures: true,
  input: z.strictObject({
    run: z
      .string()
      .regex(/^[\w-]+$/)
      .optional()
      .describe("Of which run; default this one"),
  }),
  output: z.strictObject({ removed: z.int().describe("How many keys") }),
  example: `- id: clean
  action: drill.clean
  with: {}
  undo: none`,
  commands: ({ run }) => [{ transport: "redis", text: `UNLINK ${KEY_PREFIX}${run ?? "<run>"}:*` }],
  async run({ run = undefined }, context) {
    const drill = run === undefined || run === context.life.id ? drillIn(context.life) : undefined;
    const removed = drill
      ? await drill.clean(context.signal)
      : await removeKeys(`${KEY_PREFIX}${run ?? context.life.id}:`, context);
    return { outputs: { removed }, changed: removed > 0 };
  },
  /** To remove keys once more does no harm. */
  probe: async () => false,
});
