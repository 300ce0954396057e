import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { serviceStop } from "../service/stop.ts";
import { refuseOnlyCopy } from "./only-copy.ts";

const WITHIN_MS = 600_000;

/** Stops a server that others can do without: the way back of having started it with another package. */
export const upgradeLeave = defineAction({
  name: "upgrade.leave",
  summary: "Stops a replica; refused where it has become the primary, or where no primary could send it its data again",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    service: serviceSchema.nullable(),
    engine: z.string().describe("What it is to run next: redis or valkey"),
    version: z.string(),
  }),
  output: z.strictObject({}),
  example: `- id: leave
  action: upgrade.leave
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", engine: redis, version: "7.0.15" }
  undo: none`,
  commands: ({ service }, target) => serviceStop.commands({ service, within: WITHIN_MS }, target),
  takesMs: () => WITHIN_MS + 60_000,
  async run({ service, engine, version }, context) {
    refuseOnlyCopy(instanceOf(context), { engine, version }, await context.topology({ fresh: true }));
    await serviceStop.run({ service, within: WITHIN_MS }, context);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});
