import { setTimeout as delay } from "node:timers/promises";
import { parseRole } from "../../topology/parse/role.ts";
import type { ActionContext } from "../contract.ts";
import { FRESH_MS } from "./catch-up.ts";
import type { Member } from "./group.ts";

const POLL_MS = 2;

/** The first of the replicas that says it is a primary, asked every 2 ms each; undefined where none does within `patienceMs`. */
export async function promotedOf(
  replicas: readonly Member[],
  patienceMs: number,
  context: ActionContext,
): Promise<Member | undefined> {
  const deadline = performance.now() + patienceMs;
  const found = new AbortController();
  const watch = async (member: Member): Promise<Member> => {
    while (!found.signal.aborted && performance.now() < deadline) {
      if (await isPrimary(member, context)) return member;
      await delay(POLL_MS, undefined, { signal: found.signal });
    }
    throw new Error("not promoted");
  };
  try {
    return await Promise.any(replicas.map(watch));
  } catch {
    return undefined;
  } finally {
    found.abort();
  }
}

/**
 * What was answered before this machine slept is not taken for an answer. Sentinel disconnects every client of a replica
 * that it promotes, this one too: it is asked anew over another connection.
 */
async function isPrimary({ instance }: Member, context: ActionContext): Promise<boolean> {
  const asked = Date.now();
  try {
    const connection = await context.redis(instance);
    const role = parseRole(await connection.command(["ROLE"], { timeoutMs: FRESH_MS }));
    return role?.role === "primary" && Date.now() - asked < FRESH_MS;
  } catch {
    context.forgetFailures();
    return false;
  }
}
