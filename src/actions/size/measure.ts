import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { loadBetween, loadSchema } from "../../size/load.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** What a primary holds and what its clients have it do, by two looks at it. */
export const sizeMeasure = defineAction({
  name: "size.measure",
  summary: "Says what a primary holds, and what its clients send, fetch and write in a second",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ for: durationSchema.default(5_000).describe("Time between the two looks") }),
  output: loadSchema,
  example: `- id: measure
  action: size.measure
  targets: { role: primary }
  with: { for: 10s }`,
  commands: () => [redisCommand(["INFO", "everything"])],
  async run({ for: ms }, context) {
    const began = performance.now();
    const first = await look(context);
    await sleep(ms, context.signal);
    const second = await look(context);
    return { outputs: loadBetween(first, second, performance.now() - began), changed: false };
  },
});

async function look(context: ActionContext) {
  const connection = await context.redis(instanceOf(context));
  return parseInfo(String(await connection.command(["INFO", "everything"], { signal: context.signal })));
}
