import { setTimeout as sleep } from "node:timers/promises";

/** Waits for something that comes about by itself, such as a failover; fails after a minute. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error("waited for a minute in vain");
    await sleep(100);
  }
}
