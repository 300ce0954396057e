import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takeLock } from "../../../src/engine/lock/take-lock.ts";
import { Laptop, type LockHosts, startHosts } from "../../support/locks.ts";

/** More of them run as a soak: REDISHA_RACE_ROUNDS=50. */
const ROUNDS = Number(process.env.REDISHA_RACE_ROUNDS ?? 8);

let hosts: LockHosts;
let laptops: Laptop[];

beforeAll(async () => {
  hosts = await startHosts(["127.61.1.1", "127.61.1.2"]);
  laptops = ["alice", "bob", "carol"].map((name) => new Laptop(hosts.deployment, name));
});

afterAll(async () => {
  await Promise.all(laptops.map((laptop) => laptop.close()));
  await hosts.stop();
});

/** Lets all take at once; returns who won, after checking that the others were refused as they should be. */
async function race(round: string, leaseMs: number) {
  const outcomes = await Promise.allSettled(
    laptops.map((laptop) => takeLock(laptop.options(`${round}-${laptop.name}`, { leaseMs }))),
  );
  const won = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  for (const outcome of outcomes) {
    if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "LOCK_HELD", exit: 5 });
  }
  return won;
}

describe("three laptops that take the lock at the same time", () => {
  it("leave exactly one winner in each of 50 rounds, on every host", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const won = await race(`fresh${round}`, 30_000);
      expect(won, `round ${round}`).toHaveLength(1);
      await won[0]?.fence();
      await won[0]?.release();
    }
  });

  it("leave exactly one winner where each finds a lock whose lease has run out", async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      await abandon(`dead${round}`);
      const won = await race(`stale${round}`, 30_000);
      expect(won, `round ${round}`).toHaveLength(1);
      await won[0]?.fence();
      await won[0]?.release();
    }
  });
});

/** What a run that was killed leaves on the hosts: an owner whose lease is over. */
async function abandon(run: string): Promise<void> {
  const { mkdir, writeFile } = await import("node:fs/promises");
  for (const index of hosts.sshds.keys()) {
    await mkdir(hosts.directory(index));
    const owner = `run ${run}\ntoken ${run}\nuser u\ncontroller c\nstarted s\nclock old-boot\nlease_ms 1\nlease_end 1\n`;
    await writeFile(`${hosts.directory(index)}/owner`, owner);
  }
}
