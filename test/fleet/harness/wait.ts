import { setTimeout as sleep } from "node:timers/promises";

/** Asks until the answer is true; fails, naming what was waited for, when the time in milliseconds is over. */
export async function waitFor(
  what: string,
  limitMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${limitMs / 1_000} s in vain for ${what}`);
    await sleep(50);
  }
}
