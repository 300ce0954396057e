import { afterAll, beforeAll, describe, it } from "vitest";
import { gotOver, type Kill } from "../support/killed-switchover.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";

const NEXT: readonly Kill["next"][] = ["resume", "rollback", "wait"];

/** Every op that a switchover comes to, the one that moves the primary, and how often that one is killed at any moment. */
const WAYS = [
  { topology: "sentinel", engine: "redis-6.0", ops: ["prefer", "seen", "switch", "settled"], moves: "switch" },
  {
    topology: "sentinel",
    engine: "redis-7.0",
    ops: ["quicken", "prefer", "seen", "switch", "settled"],
    moves: "switch",
  },
  {
    topology: "sentinel",
    engine: "valkey-9.1",
    ops: ["quicken", "prefer", "seen", "coordinated", "settled"],
    moves: "coordinated",
  },
  { topology: "replication", engine: "redis-6.0", ops: ["by_hand", "follow", "remember", "settled"], moves: "by_hand" },
  {
    topology: "replication",
    engine: "redis-7.0",
    ops: ["failover", "follow", "remember", "settled"],
    moves: "failover",
  },
  { topology: "cluster", engine: "redis-7.0", ops: ["shards", "settled"], moves: "shards" },
] as const;

function started(step: string): RegExp {
  return new RegExp(`"step_started"[^\\n]*"step":"${step}"`);
}

describe.each(WAYS)("a switchover ($topology, $engine) under load", ({ topology, engine, ops, moves }) => {
  let lab: TestLab;
  const gaps: number[] = [];
  beforeAll(async () => {
    lab = await bringUpLab({ topology, engine, downAfterMs: 5_000 });
  });
  afterAll(async () => {
    process.stdout.write(
      `${topology} ${engine}: ${gaps.length} kills, nothing lost, longest write gaps ${longest(gaps)} ms\n`,
    );
    await lab.down();
  });
  // Of a cluster: whichever host is meant, it may hold primaries only, or none, after the switchover before.
  const flags = topology === "cluster" ? ["--from", "r1"] : [];

  it.each(ops.flatMap((op) => NEXT.map((next) => [op, next] as const)))(
    "is got over when it is killed at %s (%s)",
    async (op, next) => {
      gaps.push(await gotOver(lab, { line: started(op), afterMs: 0, next, flags }));
    },
  );

  it.each(Array.from({ length: 20 }, (_, n) => [Math.round(Math.random() * 700), NEXT[n % 3] ?? "wait"] as const))(
    "is got over when it is killed %i ms into it (%s)",
    async (afterMs, next) => {
      const line = moves === "switch" ? /writes are stopped/ : started(moves);
      gaps.push(await gotOver(lab, { line, afterMs, next, flags }));
    },
  );
});

function longest(gaps: readonly number[]): string {
  return [...gaps]
    .sort((a, b) => b - a)
    .slice(0, 3)
    .join(", ");
}
