import { RedishaError } from "../../core/errors.ts";

/** The order to change places was taken, and nothing came of it; the server has given up by itself. */
export function stuck(to: string, from: string, patienceMs: number): RedishaError {
  return new RedishaError({
    code: "FAILOVER_STUCK",
    message: `${to} did not become the primary within ${patienceMs} ms.`,
    host: to,
    state: `${from} has given up by itself: it is the primary still, and takes writes`,
    next: ["redisha status", `the log of ${from} says why`],
  });
}
