import type { Retry } from "../runbook/model.ts";

/**
 * Milliseconds to wait before the attempt after `attempt` (counted from 1). Jitter takes up to half away, so that many
 * hosts that failed together do not come back together.
 */
export function delayAfter(attempt: number, retry: Retry, random: () => number): number {
  const full = Math.min(retry.maxDelayMs, retry.delayMs * retry.backoff ** (attempt - 1));
  return Math.round(retry.jitter ? full * (1 - random() / 2) : full);
}

/** Whether an error of this code may be tried again. */
export function mayRetry(code: string, attempt: number, retry: Retry): boolean {
  if (attempt >= retry.attempts) return false;
  return retry.on.length === 0 || retry.on.some((wanted) => matches(code, wanted));
}

/** `connection` stands for every way of not reaching a server; anything else is a code, or its part after `REDIS_`. */
function matches(code: string, wanted: string): boolean {
  if (wanted === "connection") return /^(SSH|REDIS)_(REFUSED|TIMEOUT|UNREACHABLE|CLOSED|NAME_NOT_FOUND)$/.test(code);
  return code === wanted || code === `REDIS_${wanted}`;
}
