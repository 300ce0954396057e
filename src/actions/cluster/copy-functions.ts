import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/** Gives a primary that has just come the functions of the others: slots that move take keys along, and no functions. */
export const clusterCopyFunctions = defineAction({
  name: "cluster.copy_functions",
  summary: "Loads the functions of a member (Redis 7 and later) into the targeted primary",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ from: z.string().describe("Instance that is a member") }),
  output: z.strictObject({ libraries: z.int().describe("How many libraries of functions it has now") }),
  example: `- id: functions
  action: cluster.copy_functions
  targets: { role: data, where: host.id == inputs.node }
  with: { from: "\${{ vars.member }}" }
  undo: none`,
  commands: ({ from }) => [
    { transport: "redis", text: `FUNCTION DUMP  # on ${from}` },
    redisCommand(["FUNCTION", "RESTORE", "PAYLOAD", "REPLACE"]),
  ],
  async run({ from }, context) {
    const member = context.deployment.instances.find(({ id }) => id === from);
    const source = member && (await context.redis(member));
    const target = await context.redis(instanceOf(context));
    const count = source && (await librariesOf(source, context));
    if (!source || !count) return { outputs: { libraries: 0 }, changed: false };
    // The payload is no text.
    const how = { signal: context.signal, bytes: true };
    const payload = String(await source.command(["FUNCTION", "DUMP"], how));
    await target.command(["FUNCTION", "RESTORE", payload, "REPLACE"], how);
    return { outputs: { libraries: count }, changed: true };
  },
  repeatable: true,
});

/** How many libraries a server has; none where it knows no functions. */
async function librariesOf(connection: Awaited<ReturnType<ActionContext["redis"]>>, { signal }: ActionContext) {
  try {
    const libraries = await connection.command(["FUNCTION", "LIST"], { signal });
    return Array.isArray(libraries) ? libraries.length : 0;
  } catch (error) {
    if (error instanceof RedishaError && /unknown command|unknown subcommand/i.test(error.message)) return 0;
    throw error;
  }
}
