import { messageOf, RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { unfenceCommands, type WriteGuard } from "./fence.ts";
import type { Member } from "./group.ts";

/** Lets writes pass again at a primary that stays one, and says what state things are in; also where that cannot be reached. */
export async function letWritesPass(
  { id, instance }: Member,
  guard: WriteGuard,
  context: ActionContext,
): Promise<string> {
  context.forgetFailures();
  const connection = await context.redis(instance).catch(() => undefined);
  if (!connection) return `${id} does not answer; should it come back as the primary, its host lets writes pass again`;
  const [, ...put] = await connection.pipeline([["CLIENT", "UNPAUSE"], ...unfenceCommands(guard)]);
  const failed = put.find((reply) => reply instanceof Error);
  return failed instanceof Error
    ? `${id} is the primary still and refuses writes until its host puts that back: ${failed.message}`
    : `${id} is the primary still and takes writes; nothing else was changed`;
}

/** The same error, with the state that things were left in. */
export function stated(error: unknown, state: string): RedishaError {
  if (!(error instanceof RedishaError)) {
    return new RedishaError({ code: "SWITCHOVER_FAILED", message: messageOf(error), state, cause: error });
  }
  const { code, message, exit, host, next } = error;
  return new RedishaError({ code, message, exit, state, next, ...(host === undefined ? {} : { host }), cause: error });
}
