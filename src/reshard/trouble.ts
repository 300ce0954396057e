import { RedisReplyError } from "../connect/redis/reply-error.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { printRanges } from "../topology/parse/slots.ts";
import { rangesOf } from "./slot-list.ts";

/** What no waiting mends: permissions, passwords, memory, and keys that are on both sides with nobody to say which is right. */
const HOPELESS = /^(NOPERM|BUSYKEY)|replied with error: (NOPERM|NOAUTH|WRONGPASS|OOM|BUSYKEY|ERR AUTH)/;

/** Whether looking again and going on may help: somebody did not answer, a failover is on its way, news has not spread. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof RedishaError)) return false;
  if (error.code === "INTERRUPTED") return false;
  return !(error instanceof RedisReplyError && HOPELESS.test(error.reply));
}

export function noPrimary(members: readonly string[]): RedishaError {
  return new RedishaError({
    code: "SHARD_HAS_NO_PRIMARY",
    message: `None of ${members.join(", ")} answers as a primary.`,
    host: members[0] ?? "",
    exit: EXIT.outcomeUnknown,
    next: ["redisha status"],
  });
}

export function formerTarget(leader: string, slots: readonly number[]): RedishaError {
  return new RedishaError({
    code: "CLUSTER_TARGET_MAY_RETURN",
    message: `Whoever led the shard of ${leader} before died with slots ${printRanges(rangesOf(slots))} on their way to it. A Valkey that comes back then takes them, and its whole shard with them, as it was when it died, if their source has let go of them.`,
    host: leader,
    exit: EXIT.outcomeUnknown,
    next: [
      "redisha status says who is down: start it again, and go on once it follows",
      "redisha cluster forget, where it is gone for good",
    ],
  });
}

export function sourceChanged(host: string): RedishaError {
  return new RedishaError({
    code: "SHARD_CHANGED_HANDS",
    message: `The shard of ${host} was taken over while its slots were on their way.`,
    host,
    exit: EXIT.outcomeUnknown,
    next: ["redisha status"],
  });
}

export function ownedElsewhere(slots: readonly number[], from: string, to: string): RedishaError {
  return new RedishaError({
    code: "SLOT_OWNED_ELSEWHERE",
    message: `Slots ${printRanges(rangesOf(slots))} belong neither to ${from} nor to ${to}.`,
    host: from,
    exit: EXIT.outcomeUnknown,
    state: "nobody else may move slots meanwhile; these were left alone",
    next: ["redisha status"],
  });
}

/** In words: keys that both sides hold since a failover, and what becomes of them. */
export function doubled(keys: number, source: string, target: string): string {
  return `${keys} keys lay with ${source}, which took over, and with ${target} as well: those of ${source} stay, as clients saw them since; what ${target} took in before the failover may be lost in them.`;
}

/** In words: a server that takes no order to refuse writes should it take over. */
export function unbarred(instance: string, why: string): string {
  return `${instance} cannot be told to refuse writes should it take over in mid-move: ${why} Those to moved keys may be lost then`;
}

/** In words: a replica that could not be told that all is over. */
export function stillBarred(instance: string, why: string): string {
  return `${instance} would refuse writes should it take over, and could not be told otherwise: ${why} redisha cluster fix does so`;
}

/** The operator asked to stop: what was begun is finished, and no slot is left open. */
export function interrupted(moved: number, total: number): RedishaError {
  return new RedishaError({
    code: "INTERRUPTED",
    message: `Stopped as asked, with ${moved} of ${total} slots moved.`,
    exit: EXIT.paused,
    state: "no slot is left half moved",
  });
}

/** What went wrong, with where things stand now. */
export function stuck(cause: unknown, host: string, moved: number, total: number): unknown {
  if (!(cause instanceof RedishaError) || cause.code === "INTERRUPTED") return cause;
  return new RedishaError({
    code: cause.code,
    message: cause.message,
    host: cause.host ?? host,
    exit: EXIT.outcomeUnknown,
    state: `${moved} of ${total} slots are moved; slots of which some keys had moved are still open, and served by both sides together; should a replica of theirs take over before that has gone on, it refuses writes`,
    next: cause.next,
    cause,
  });
}
