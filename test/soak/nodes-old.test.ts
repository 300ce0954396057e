import { expect, it } from "vitest";
import { contentsOf, fillCluster } from "../support/cluster-load.ts";
import { killed, opsOf, stateOf } from "../support/killed-nodes.ts";
import { bringUpLab } from "../support/lab.ts";
import { goOn } from "../support/signalled.ts";

/**
 * Before 7.0 a primary that was emptied follows whoever got its last slot, and so do its replicas: that has to be undone before
 * slots can come back, wherever a process died behind the last slot.
 */
it.each([
  ["scale --primaries 5", "scale --primaries 3", ["slots.settled", "unfollow", "leave"]],
  ["scale --primaries 4", "remove-node r7:6379 --grace 0s", ["empty.settled", "rehome", "leave"]],
])("behind %s of Redis 6.0, %s is taken back from wherever it died", async (first, command, steps) => {
  const shape = { topology: "cluster", ssh: false, spares: 4, downAfterMs: 5_000, engine: "redis-6.0" } as const;
  await using lab = await bringUpLab(shape);
  await fillCluster(lab, "redis-6.0", 1_000);
  await opsOf(lab, ["cluster", ...first.split(" ")]);
  const argv = ["cluster", ...command.split(" ")];
  const contents = await contentsOf(lab);
  const start = await stateOf(lab);
  const ops = await opsOf(lab, argv);
  const { code, stderr } = await goOn(lab, "rollback");
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  for (const step of steps) {
    const target = ops.find((op) => op.step === step)?.target ?? "";
    const outcome = await killed(lab, argv, { step, target, afterMs: 0 }, "rollback", { state: start, contents });
    process.stderr.write(`${JSON.stringify({ command, step, target, ...outcome })}\n`);
    // Whose replica is whose it changes by itself, so that each primary has one; which redisha would say.
    const wrong = outcome.wrong.filter((what) => !/r\d+:6379 follows /.test(what));
    expect({ step, killed: outcome.killed, wrong }).toEqual({ step, killed: true, wrong: [] });
  }
});
