import { setTimeout as delay } from "node:timers/promises";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { parseRole } from "../../topology/parse/role.ts";
import type { ActionContext } from "../contract.ts";
import { unfenceCommands, type WriteGuard } from "./fence.ts";
import type { Member } from "./group.ts";

/** How long an old primary that does not answer is told again and again. */
const PATIENCE_MS = 20_000;

/**
 * Makes the old primary a replica of the new one, and only then lets go of what kept writes out: at no moment could both
 * take a write. Its clients are disconnected, so that they look for the primary anew. There is no way back from here: it
 * is not cut short by a signal, and fails with OLD_PRIMARY_NOT_TOLD only where the server stays silent.
 */
export async function demote(
  old: Pick<Member, "id" | "instance">,
  to: Pick<Member, "id" | "endpoint">,
  guard: WriteGuard,
  context: ActionContext,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  const { address, port } = to.endpoint;
  for (;;) {
    try {
      const connection = await context.redis(old.instance);
      // By itself: what follows lets writes in, which a primary that refuses to become a replica must not have.
      await connection.command(["REPLICAOF", address, String(port)]);
      const role = parseRole(await connection.command(["ROLE"]));
      if (role?.role !== "replica") throw new TypeError(`${old.id} says that it is no replica`);
      const [killed, , ...put] = await connection.pipeline([
        ["CLIENT", "KILL", "TYPE", "normal"],
        ["CLIENT", "UNPAUSE"],
        ...unfenceCommands(guard),
      ]);
      // Refused (an ACL, a renamed command) is not failed: clients find out by READONLY.
      if (killed instanceof Error) context.progress(`the clients of ${old.id} stay connected: ${killed.message}`);
      const left = put.find((reply) => reply instanceof Error);
      if (left instanceof Error) throw left;
      return;
    } catch (error) {
      if (performance.now() > deadline) throw notTold(old.id, to.id, error);
      context.forgetFailures();
      await delay(50);
    }
  }
}

function notTold(old: string, to: string, error: unknown): RedishaError {
  return new RedishaError({
    code: "OLD_PRIMARY_NOT_TOLD",
    message: `${to} is the primary now, and ${old} could not be made its replica: ${messageOf(error)}`,
    host: old,
    exit: EXIT.outcomeUnknown,
    state: `${to} takes writes; ${old} takes none until its host lets it, by when Sentinel makes it a replica`,
    next: ["redisha status", `by hand on ${old}: REPLICAOF, then CONFIG SET min-replicas-to-write as it was`],
    cause: error,
  });
}
