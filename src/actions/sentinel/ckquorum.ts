import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";

/**
 * Asks each Sentinel whether quorum and majority are reachable. It says nothing about replicas: CKQUORUM answers OK with
 * every replica dead, so check `topo` for a promotable one too.
 */
export const sentinelCkquorum = defineAction({
  name: "sentinel.ckquorum",
  summary:
    "Asks each targeted Sentinel whether quorum and majority are reachable (not whether a replica could be promoted)",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ message: z.string() }),
  example: `- id: quorum
  action: sentinel.ckquorum
  targets: { role: sentinel }
  with: {}`,
  commands: () => [redisCommand(["SENTINEL", "CKQUORUM", "‹master name›"])],
  async run(_input, context) {
    const { masterName } = context.deployment;
    const instance = instanceOf(context);
    if (masterName === undefined) throw notSentinel(context.deployment.name);
    const connection = await context.redis(instance);
    const reply = await connection.command(["SENTINEL", "CKQUORUM", masterName], { signal: context.signal });
    return { outputs: { message: String(reply) }, changed: false };
  },
});

function notSentinel(deployment: string): RedishaError {
  return new RedishaError({
    code: "NOT_SENTINEL",
    message: `${deployment} has no Sentinels: its topology in redisha.yaml is another.`,
    exit: EXIT.usage,
  });
}
