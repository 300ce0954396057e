import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { gotOver, type Kill, recovered } from "../../support/killed-switchover.ts";
import { bringUpLab } from "../../support/lab.ts";
import { said, signal, startSwitchover } from "../../support/signalled.ts";
import { settled } from "../../support/switchovers.ts";
import { lostOf, startWriters } from "../../support/writers.ts";

const STOPPED = /writes are stopped/;
const ORDERED = /"op_started"[^\n]*"step":"(coordinated|shards)"/;

// A sample: every op, and moments in between, are killed at in the soak.
const SAMPLE: readonly (Kill & { engine: "redis-6.0" | "redis-7.0" | "valkey-9.1" })[] = [
  { engine: "redis-7.0", line: STOPPED, afterMs: 0, next: "rollback" },
  { engine: "redis-7.0", line: STOPPED, afterMs: 180, next: "resume" },
  { engine: "redis-7.0", line: STOPPED, afterMs: 300, next: "wait" },
  { engine: "redis-6.0", line: STOPPED, afterMs: 250, next: "rollback" },
  { engine: "valkey-9.1", line: ORDERED, afterMs: 300, next: "resume" },
];

describe("a switchover whose redisha is killed", () => {
  it.each(SAMPLE)(
    "loses nothing, leaves nothing relaxed, and is got over on $engine, $afterMs ms after $line ($next)",
    async ({ engine, ...kill }) => {
      await using lab = await bringUpLab({ topology: "sentinel", engine, downAfterMs: 5_000 });
      await gotOver(lab, kill);
    },
    240_000,
  );

  it("loses nothing in a cluster either", async () => {
    await using lab = await bringUpLab({ topology: "cluster" });
    await gotOver(lab, { line: ORDERED, afterMs: 20, next: "resume", flags: ["--from", "r1"] });
  }, 240_000);

  it("loses nothing where the laptop sleeps for twenty seconds in the middle", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", downAfterMs: 5_000 });
    const writers = startWriters(lab);
    await delay(300);
    const child = startSwitchover(lab);
    await said(child, STOPPED);
    await delay(30);
    await signal(child, "SIGSTOP");
    await delay(20_000);
    child.kill("SIGCONT");
    if (child.exitCode === null) await once(child, "exit");
    await recovered(lab, writers);
    const primary = await settled(lab);
    await writers.stop();
    expect(await lostOf(lab, primary, writers)).toEqual([]);
  }, 240_000);
});
