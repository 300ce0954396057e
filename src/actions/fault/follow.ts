import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { drillIn } from "../../drill/drill-slot.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";

/** Whom a returning primary is to follow. A Cluster needs none: its nodes find out before they take writes. */
export const followSchema = z
  .string()
  .nullable()
  .default(null)
  .describe("Instance that was promoted meanwhile, as r2:6379; null where the server is to come back as it was");

export interface Address {
  readonly host: string;
  readonly port: string;
}

/**
 * Where the others reach an instance: what it announces, else where it is declared. A failover does not change that, and to
 * look again would wait for the server that is hurt. Fails with FOLLOW_UNKNOWN.
 */
export async function addressOf(id: string, context: ActionContext): Promise<Address> {
  const node = (await context.topology({ seen: true })).nodes.find((each) => each.id === id);
  if (!node) {
    throw new RedishaError({
      code: "FOLLOW_UNKNOWN",
      message: `${id} is no instance of ${context.deployment.name}, so nothing can follow it.`,
      state: "this step did not start",
      next: ["redisha status"],
    });
  }
  const at = node.announced?.lastIndexOf(":") ?? -1;
  if (node.announced === null || at < 0) return { host: node.address, port: String(node.port) };
  return { host: node.announced.slice(0, at), port: node.announced.slice(at + 1) };
}

/**
 * Orders the targeted instance to follow another. It has been away: what failed to reach it before is tried anew, for as
 * long as the deployment's time limit for connecting.
 */
export async function makeReplica({ host, port }: Address, context: ActionContext): Promise<void> {
  context.forgetFailures();
  const connection = await context.redis(instanceOf(context));
  await connection.command(["REPLICAOF", host, port], { signal: context.signal });
  drillIn(context.life)?.mark("old_primary_told", `REPLICAOF ${host} ${port}`);
}
