import { afterAll, beforeAll, describe, it } from "vitest";
import { gotOver, type Kill } from "../support/killed-switchover.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";

/** Every op that a switchover comes to, and each kind of what may be done next. */
const OPS = {
  "sentinel redis-6.0": ["prefer", "seen", "switch", "settled"],
  "sentinel redis-7.0": ["quicken", "prefer", "seen", "switch", "settled"],
  "sentinel valkey-9.1": ["quicken", "prefer", "seen", "coordinated", "settled"],
  "cluster redis-7.0": ["shards", "settled"],
} as const;
const NEXT: readonly Kill["next"][] = ["resume", "rollback", "wait"];

function started(step: string): RegExp {
  return new RegExp(`"step_started"[^\\n]*"step":"${step}"`);
}

describe.each([
  ["sentinel", "redis-6.0"],
  ["sentinel", "redis-7.0"],
  ["sentinel", "valkey-9.1"],
  ["cluster", "redis-7.0"],
] as const)("a switchover (%s, %s) under load", (topology, engine) => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology, engine, downAfterMs: 5_000 });
  });
  afterAll(() => lab.down());
  // Of a cluster: whichever host is meant, it may hold primaries only, or none, after the switchover before.
  const flags = topology === "cluster" ? ["--from", "r1"] : [];
  const ops = OPS[`${topology} ${engine}` as keyof typeof OPS];
  const moved = ops.findLast((op) => op !== "settled") ?? "switch";

  it.each(ops.flatMap((op) => NEXT.map((next) => [op, next] as const)))(
    "is got over when it is killed at %s (%s)",
    (op, next) => gotOver(lab, { line: started(op), afterMs: 0, next, flags }),
  );

  it.each(Array.from({ length: 20 }, (_, n) => [Math.round(Math.random() * 700), NEXT[n % 3] ?? "wait"] as const))(
    "is got over when it is killed %i ms into it (%s)",
    (afterMs, next) =>
      gotOver(lab, { line: moved === "switch" ? /writes are stopped/ : started(moved), afterMs, next, flags }),
  );
});
