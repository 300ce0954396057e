import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Handover } from "./migrate.ts";

/** How long a replica of the target is waited for at a time, and in all. */
const WAIT_MS = 1_000;
const PATIENCE_MS = 30_000;

/**
 * Waits until a replica of the target has all keys that have come to it: the source has deleted its own, so that until then
 * they are in one place only. A target without a live replica is not waited for; it has one place for everything.
 *
 * @throws {RedishaError} REPLICA_BEHIND after half a minute.
 */
export async function copied({ target, signal }: Pick<Handover, "target" | "signal">): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const info = String(await target.command(["INFO", "replication"], { signal }));
    if (!/^slave\d+:.*state=online/m.test(info)) return;
    const timeoutMs = WAIT_MS + PATIENCE_MS;
    if (Number(await target.command(["WAIT", "1", String(WAIT_MS)], { signal, timeoutMs })) > 0) return;
    if (performance.now() > deadline) throw behind(target.instance);
  }
}

function behind(host: string): RedishaError {
  return new RedishaError({
    code: "REPLICA_BEHIND",
    message: `No replica of ${host} has had the keys that came to it for half a minute.`,
    host,
    exit: EXIT.outcomeUnknown,
    next: ["redisha status", "a replica that cannot keep up is no second copy: look at its link, or stop it and go on"],
  });
}
