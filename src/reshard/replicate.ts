import { sleep } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type Reach, readViews } from "./cluster-view.ts";
import { introduce } from "./introduce.ts";
import { membersOf } from "./members.ts";

const POLL_MS = 250;

/**
 * Makes a node a replica of a primary, or of who took over from that, both by their instance; one that follows it already is left alone. A node that has
 * only just heard of its primary refuses: it is asked again until it knows it. Gives whether anything was changed.
 *
 * @throws {RedishaError} CLUSTER_NO_SUCH_PRIMARY (exit 4), or what the server says.
 */
export async function replicate(
  replica: string,
  primary: string,
  { patienceMs, ...reach }: Reach & { readonly patienceMs: number },
): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const views = await readViews([replica, primary], reach);
    const leader = views.find(({ instance }) => instance === primary);
    const own = views.find(({ instance }) => instance === replica);
    // Another may have taken over from it since it was chosen.
    const leaderId = leader?.primaryId ?? leader?.nodeId;
    if (leaderId === undefined || leaderId === own?.nodeId) throw noPrimary(primary);
    if (own?.primaryId === leaderId) return false;
    try {
      const connection = await reach.connect(replica);
      await connection.command(["CLUSTER", "REPLICATE", leaderId], { signal: reach.signal });
      return true;
    } catch (error) {
      const tooEarly = error instanceof RedishaError && /Unknown node|only replicate a master/i.test(error.message);
      if (!tooEarly || performance.now() > deadline) throw error;
    }
    await sleep(POLL_MS, reach.signal);
  }
}

/**
 * Waits until those of the instances that answer know whom a replica follows: before, they neither vote for it nor does its
 * primary hand over to it. That spreads with its pings, within half of node-timeout; so it is introduced to them once more,
 * which tells them at once (they believe the header of a MEET of whom they know). What has not spread is no reason to fail.
 */
export async function untilKnown(
  replica: string,
  instances: readonly string[],
  { patienceMs, ...reach }: Reach & { readonly patienceMs: number },
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  let told = false;
  for (;;) {
    const views = await readViews(instances, reach);
    const own = views.find(({ instance }) => instance === replica);
    const without = membersOf(views).filter(
      ({ lines }) => !lines.some(({ id, primaryId }) => id === own?.nodeId && primaryId === own.primaryId),
    );
    if (without.length === 0 || performance.now() > deadline) return;
    if (own && !told) await introduce(own, without, reach);
    told = true;
    await sleep(POLL_MS, reach.signal);
  }
}

function noPrimary(id: string): RedishaError {
  return new RedishaError({
    code: "CLUSTER_NO_SUCH_PRIMARY",
    message: `${id} does not answer as a primary, so that nobody can be made its replica.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nobody was told to follow it",
    next: ["redisha status"],
  });
}
