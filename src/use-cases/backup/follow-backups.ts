import { policyOf } from "../../actions/backup/repository.ts";
import { shardName } from "../../backup/choose-sources.ts";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";
import { acquireLock } from "../../repository/acquire-lock.ts";
import { readRecipients } from "../../repository/age/recipients.ts";
import { followName } from "../../repository/chain.ts";
import { Throttle } from "../../repository/pipeline/throttle.ts";
import { readFollowed } from "../../repository/read-chains.ts";
import { openRepository, type Repository } from "../../repository/repository.ts";
import type { Shard as LiveShard } from "../../topology/schema.ts";
import { openSession, type Session } from "../session.ts";
import { ShardFollower } from "./follow/shard-follower.ts";

export interface FollowRequest {
  /** Between two looks at what the servers have written. */
  readonly everyMs: number;
  /** Moments that are older are given up. */
  readonly keepMs: number;
  /** Look once, and end. */
  readonly once: boolean;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

/** Up to when everything is stored, by shard; null where nothing can be restored yet. */
export interface FollowResult {
  readonly deployment: string;
  readonly repository: string;
  readonly shards: readonly { readonly shard: string; readonly reaches: string | null }[];
}

const FORGET_EVERY_MS = 3_600_000;

/**
 * Follows the append-only file of every shard and stores what is appended, until it is told to stop. What was stored before
 * is gone on with. Fails with REPOSITORY_LOCKED where somebody else follows, FOLLOW_SLOTS_MOVED, FOLLOW_NO_SOURCE with `once`.
 */
export async function followBackups(deployment: Deployment, request: FollowRequest): Promise<FollowResult> {
  const policy = policyOf(deployment);
  const { signal, tell } = request;
  const repository = await openRepository(policy, deployment.name, { signal, create: true });
  const session = openSession(deployment, signal);
  try {
    const place: Repository = { ...repository, deployment: followName(deployment.name) };
    const lock = await acquireLock(place, { kind: "exclusive", purpose: "follow", signal });
    try {
      const recipients = await readRecipients(policy.encryptTo);
      const around = {
        session,
        store: repository.store,
        packing: {
          compression: policy.compression,
          ...(recipients ? { recipients } : {}),
          ...(policy.bandwidth === undefined ? {} : { throttle: new Throttle(policy.bandwidth) }),
        },
        signal: AbortSignal.any([signal, lock.lost]),
        tell,
      };
      const shards = await liveShards(session, around.signal);
      const { chains, problems } = await readFollowed(repository.store, deployment.name, around.signal);
      const slots = [...shards.values()].map((live) => live.slots);
      const followers = [...shards].map(([name, live]) => {
        const own = chains.filter(({ head }) => head.shard.name === name);
        return new ShardFollower(around, { name, live, slots }, own, problems);
      });
      await follow(followers, { ...request, signal: around.signal }, (name) => shardNow(session, name, around.signal));
      return {
        deployment: deployment.name,
        repository: repository.store.shown,
        shards: followers.map(({ name, reaches }) => ({
          shard: name,
          reaches: reaches === undefined ? null : new Date(reaches * 1_000).toISOString(),
        })),
      };
    } finally {
      await lock.release();
    }
  } finally {
    await session.close();
    await repository.store.close();
  }
}

async function follow(
  followers: readonly ShardFollower[],
  { everyMs, keepMs, once, signal }: FollowRequest,
  live: (shard: string) => Promise<LiveShard>,
): Promise<void> {
  let forgot = Number.NEGATIVE_INFINITY;
  for (;;) {
    await Promise.all(followers.map((each) => each.look(() => live(each.name), once)));
    if (performance.now() - forgot > FORGET_EVERY_MS) {
      for (const each of followers) await each.forget(keepMs);
      forgot = performance.now();
    }
    if (once) return;
    await sleep(everyMs, signal);
  }
}

async function liveShards(session: Session, signal: AbortSignal): Promise<Map<string, LiveShard>> {
  const topology = await session.live.topology(signal, { fresh: true });
  return new Map(topology.shards.map((shard) => [shardName(topology, shard), shard]));
}

async function shardNow(session: Session, name: string, signal: AbortSignal): Promise<LiveShard> {
  const shards = await liveShards(session, signal);
  const shard = shards.get(name);
  if (shard) return shard;
  throw new RedishaError({
    code: "FOLLOW_SLOTS_MOVED",
    message: `There is no shard ${name} any more; there are ${[...shards.keys()].join(", ") || "none"}.`,
    exit: EXIT.failedSafe,
    state: "what is stored counts",
    next: ["start redisha backup follow again: it follows the shards that there are then"],
  });
}
