import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { type Group, startGroup } from "../../support/group.ts";
import { runbookText, Workplace } from "../../support/runs.ts";

const NET = "127.71.2";
let group: Group;
let place: Workplace;

beforeAll(async () => {
  group = await startGroup({ kind: "replication", net: NET });
  place = await Workplace.create(`version: 1
deployments:
  shop:
    topology: replication
    ssh: none
    hosts: { r1: { address: ${NET}.1 }, r2: { address: ${NET}.2 }, r3: { address: ${NET}.3 } }
    redis: { on: [r1, r2, r3], initial_primary: r1 }
`);
});

afterAll(async () => {
  await group.stop();
  await place.remove();
});

beforeEach(async () => {
  await group.cli("r1:6379", "FLUSHALL");
  for (const id of ["r1:6379", "r2:6379", "r3:6379"])
    await group.cli(id, "CONFIG", "SET", "slowlog-log-slower-than", "10000");
});

const list = () => group.cli("r1:6379", "LRANGE", "log", "0", "-1").then((text) => text.split("\n").filter(Boolean));
const slowlog = async (id: string) => (await group.cli(id, "CONFIG", "GET", "slowlog-log-slower-than")).split("\n")[1];

/** Sets a directive on each replica and then on the primary, each with its way back; then the step given. */
const tuned = (last: string) =>
  runbookText(`
steps:
  - id: replicas
    action: redis.config_set
    targets: { role: replica, order_by: host.address }
    rollout: { serial: 1 }
    with: { parameter: slowlog-log-slower-than, value: "4711" }
    undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }
  - id: primary
    action: redis.config_set
    targets: { role: primary }
    with: { parameter: slowlog-log-slower-than, value: "4712" }
    undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }
${last}
finally:
  - { id: tidy, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, tidy] }, undo: none }
`);

const BREAKS = `  - { id: breaks, action: redis.command, targets: { role: primary }, with: { command: [NOSUCHCOMMAND] }, undo: none, on_failure: pause }`;

describe("a step that fails with on_failure: rollback", () => {
  it("takes every change back to what it was, the last first, and then tidies up", async () => {
    const { summary, journal } = await place.run(tuned(BREAKS.replace("pause", "rollback")));
    expect(summary).toMatchObject({ status: "rolled_back", exit: 1 });
    expect(summary.rollback).toEqual({
      undone: ["primary on r1:6379", "replicas on r3:6379", "replicas on r2:6379"],
      kept: [],
      left: [],
    });
    expect(await Promise.all(["r1:6379", "r2:6379", "r3:6379"].map(slowlog))).toEqual(["10000", "10000", "10000"]);
    expect(await list()).toEqual(["tidy"]);
    expect(journal.at(-1)).toMatchObject({ kind: "run_finished", status: "rolled_back" });
  });

  it("says what stands because its step cannot be taken back", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - { id: stays, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, x] }, undo: none }
  - { id: breaks, action: redis.command, targets: { role: primary }, with: { command: [NOSUCHCOMMAND] }, undo: none, on_failure: rollback }
`),
    );
    expect(summary.rollback).toEqual({ undone: [], kept: ["stays on r1:6379"], left: [] });
    expect(summary.error?.state).toMatch(/these stand, .*: stays on r1:6379/);
  });
});

describe("a paused run", () => {
  it("goes on behind what it did, does nothing twice, and tidies up at its end", async () => {
    const first = await place.run(
      tuned(`${BREAKS}
  - { id: after, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, after] }, undo: none }`),
    );
    expect(first.summary).toMatchObject({ status: "paused", exit: 7 });
    expect(await list()).toEqual([]);

    // Somebody mends by hand what stood in the way: here, the step itself is taken out of the runbook.
    const mended = tuned(
      `  - { id: after, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, after] }, undo: none }`,
    );
    await expect(place.resume(first.summary.run, mended)).rejects.toMatchObject({ code: "RUNBOOK_CHANGED", exit: 2 });
    const second = await place.resume(first.summary.run, mended, { acceptChanged: true });
    expect(second.summary).toMatchObject({ status: "done", exit: 0, run: first.summary.run });
    expect(await list()).toEqual(["after", "tidy"]);
    const starts = second.journal
      .filter(({ kind }) => kind === "intent")
      .map(({ step, target }) => `${step} ${target}`);
    expect(starts).toEqual([
      "replicas r2:6379",
      "replicas r3:6379",
      "primary r1:6379",
      "breaks r1:6379",
      "after r1:6379",
      "tidy r1:6379",
    ]);
  });

  it("goes back to the start instead, when that is asked for", async () => {
    const first = await place.run(tuned(BREAKS));
    expect(await slowlog("r2:6379")).toBe("4711");
    const back = await place.rollBack(first.summary.run);
    expect(back.summary).toMatchObject({ status: "rolled_back", exit: 0 });
    expect(await Promise.all(["r1:6379", "r2:6379", "r3:6379"].map(slowlog))).toEqual(["10000", "10000", "10000"]);
    await expect(place.resume(first.summary.run)).rejects.toMatchObject({ code: "RUN_OVER" });
  });

  it("begins a step anew that failed and tidied up within, once what stood in its way is mended", async () => {
    await group.cli("r1:6379", "SET", "gate", "closed");
    const first = await place.run(
      runbookText(`
steps:
  - id: whole
    action: block
    on_failure: pause
    steps:
      - { id: once, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, once] }, undo: none }
      - { id: through, action: redis.command, targets: { role: primary }, with: { command: [INCR, gate] }, undo: none }
    always:
      - { id: tidied, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, tidied] }, undo: none }
  - { id: after, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, after] }, undo: none }
`),
    );
    expect(first.summary).toMatchObject({ status: "paused", exit: 7 });
    const again = await place.resume(first.summary.run);
    expect(again.summary).toMatchObject({ status: "paused", exit: 7 });
    await group.cli("r1:6379", "DEL", "gate");
    const mended = await place.resume(first.summary.run);
    expect(mended.summary).toMatchObject({ status: "done", exit: 0 });
    expect(await group.cli("r1:6379", "GET", "gate")).toBe("1");
    expect(await list()).toEqual(["once", "tidied", "after"]);
  });

  it("pauses where the runbook says so, once", async () => {
    const text = runbookText(`
steps:
  - { id: one, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, one] }, undo: none }
  - { id: look, action: pause, with: { message: Look at the dashboards } }
  - { id: two, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, two] }, undo: none }
`);
    const first = await place.run(text);
    expect(first.summary).toMatchObject({ status: "paused", exit: 7, error: { message: "Look at the dashboards" } });
    const second = await place.resume(first.summary.run);
    expect(second.summary.status).toBe("done");
    expect(await list()).toEqual(["one", "two"]);
  });
});

describe("an op in doubt", () => {
  const text = runbookText(`
steps:
  - { id: push, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, x] }, undo: none }
`);

  /** The journal of a run that was killed between the intent and the outcome of its one op. */
  async function killedInBetween(): Promise<string> {
    const { summary } = await place.run(text);
    await place.killBefore(summary, `"outcome"`);
    return summary.run;
  }

  it("pauses the run and asks, since nothing tells whether it took effect", async () => {
    const run = await killedInBetween();
    const { summary } = await place.resume(run);
    expect(summary).toMatchObject({ status: "paused", exit: 7, error: { code: "OP_IN_DOUBT", host: "r1:6379" } });
    expect(summary.error?.next.join("\n")).toContain(`--done push@r1:6379`);
    expect(await list()).toEqual(["x"]);
  });

  it("is taken for done when the operator says so, and done again when that is said", async () => {
    const done = await place.resume(await killedInBetween(), undefined, { answers: { done: ["push"], redo: [] } });
    expect(done.summary.status).toBe("done");
    expect(await list()).toEqual(["x"]);
    const redo = await place.resume(await killedInBetween(), undefined, {
      answers: { done: [], redo: ["push@r1:6379"] },
    });
    expect(redo.summary.status).toBe("done");
    expect(await list()).toEqual(["x", "x", "x"]);
  });

  it("is settled by the step's probe where it has one", async () => {
    const probed = text.replace("undo: none }", 'undo: none, probe: "topo.nodes.size() == 3" }');
    const { summary } = await place.run(probed);
    await place.killBefore(summary, `"outcome"`);
    const resumed = await place.resume(summary.run, probed);
    expect(resumed.summary.status).toBe("done");
    expect(resumed.journal).toContainEqual(
      expect.objectContaining({ kind: "settled", took_effect: true, by: "probe" }),
    );
    expect(await list()).toEqual(["x"]);
  });
});

describe("the journal of a run that is gone on with", () => {
  it("is refused when a line of it was changed", async () => {
    const first = await place.run(tuned(BREAKS));
    const path = first.summary.journal ?? "";
    await writeFile(path, (await readFile(path, "utf8")).replace("4711", "4999"));
    await expect(place.resume(first.summary.run)).rejects.toMatchObject({ code: "JOURNAL_TAMPERED", exit: 10 });
    await expect(place.verify(first.summary.run)).resolves.toMatchObject({ ok: false, exit: 10 });
  });

  it("loses a last line that a crash cut short, and nothing else", async () => {
    const first = await place.run(tuned(BREAKS));
    const path = first.summary.journal ?? "";
    await writeFile(path, `${await readFile(path, "utf8")}{"seq":99,"prev":"abc","at":"2026-`);
    const back = await place.rollBack(first.summary.run);
    expect(back.summary.status).toBe("rolled_back");
    await expect(place.verify(first.summary.run)).resolves.toMatchObject({ ok: true });
  });
});

describe("an invariant", () => {
  it("that does not hold stops the run before an op that disrupts", async () => {
    const { summary } = await place.run(
      runbookText(`
invariants:
  - { id: five, assert: topo.nodes.size() == 5, on_violation: abort }
steps:
  - { id: harmless, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, harmless] }, undo: none }
  - { id: disrupts, action: redis.command, targets: { role: primary }, effect: disruptive, with: { command: [RPUSH, log, disrupts] }, undo: none }
`),
    );
    expect(summary).toMatchObject({ status: "failed", error: { code: "INVARIANT_VIOLATED" } });
    expect(await list()).toEqual(["harmless"]);
  });

  it("that is violated while the run goes on pauses it, or takes it back, as written", async () => {
    const waiting = (how: string) =>
      runbookText(`
invariants:
  - { id: all_up, assert: "topo.nodes.all(n, n.up)", on_violation: ${how} }
steps:
  - id: tune
    action: redis.config_set
    targets: { role: primary }
    with: { parameter: slowlog-log-slower-than, value: "4713" }
    undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }
  - { id: wait, action: wait_for, with: { interval: 200ms }, until: "topo.nodes.exists(n, !n.up)", timeout: 30s }
  - { id: slow, action: wait_for, with: { interval: 200ms }, until: "run.id == 'never'", timeout: 4s, on_failure: continue }
  - { id: never, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, never] }, undo: none }
`);
    for (const [how, status, value] of [
      ["pause", "paused", "4713"],
      ["rollback", "rolled_back", "10000"],
    ] as const) {
      await group.cli("r1:6379", "CONFIG", "SET", "slowlog-log-slower-than", "10000");
      let killed = false;
      const { summary } = await place.run(waiting(how), {
        onEvent: (event) => {
          if (event.type !== "step_started" || event.step !== "wait" || killed) return;
          killed = true;
          process.kill(group.server("r3:6379").pid, "SIGKILL");
        },
      });
      expect(summary).toMatchObject({ status, error: { code: "INVARIANT_VIOLATED" } });
      expect(await slowlog("r1:6379")).toBe(value);
      expect(await list()).toEqual([]);
      await group.restart("r3:6379");
    }
  });
});

describe("conditions of the whole run", () => {
  it("see its vars: an invariant, and a point of no return", async () => {
    const { summary, journal } = await place.run(
      runbookText(`
vars:
  nodes: topo.nodes.size()
invariants:
  - { id: as_many, assert: topo.nodes.size() == vars.nodes, on_violation: abort }
steps:
  - id: crosses
    action: redis.command
    targets: { role: primary }
    effect: disruptive
    point_of_no_return: vars.nodes == 3
    with: { command: [RPUSH, log, crossed] }
    undo: none
`),
      { approve: async () => ({ how: "typed shop", user: "test" }) },
    );
    expect(summary).toMatchObject({ status: "done", exit: 0, error: null });
    expect(journal).toContainEqual(expect.objectContaining({ kind: "point_of_no_return", step: "crosses" }));
  });
});

describe("a point of no return", () => {
  const text = runbookText(`
steps:
  - id: crosses
    action: redis.command
    targets: { role: primary }
    point_of_no_return: true
    with: { command: [RPUSH, log, crossed] }
    undo: none
  - { id: breaks, action: redis.command, targets: { role: primary }, with: { command: [NOSUCHCOMMAND] }, undo: none, on_failure: pause }
`);

  it("is not passed when nobody agrees to it", async () => {
    const { summary } = await place.run(text);
    expect(summary).toMatchObject({ status: "failed", exit: 4, error: { code: "NOT_CONFIRMED" } });
    expect(await list()).toEqual([]);
  });

  it("is passed when the name of the deployment was typed, and cannot be gone back behind", async () => {
    const asked: unknown[] = [];
    const { summary, journal } = await place.run(text, {
      approve: async (request) => {
        asked.push(request.typed);
        return { how: "typed shop", user: "test" };
      },
    });
    expect(asked).toEqual(["shop"]);
    expect(journal).toContainEqual(expect.objectContaining({ kind: "approval", how: "typed shop" }));
    await expect(place.rollBack(summary.run)).rejects.toMatchObject({ code: "ROLLBACK_TOO_LATE", exit: 4 });
  });
});

describe("a stop by signal", () => {
  it("cuts the current op short and leaves it in doubt, to be settled by resume", async () => {
    const stop = new AbortController();
    const { summary, journal } = await place.run(
      runbookText(`
steps:
  - { id: blocks, action: redis.command, targets: { role: primary }, with: { command: [BLPOP, nothing, 20] }, undo: none }
`),
      {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type !== "op_started") return;
          setTimeout(() => stop.abort(new RedishaError({ code: "INTERRUPTED", message: "Stopped.", exit: 130 })), 200);
        },
      },
    );
    expect(summary).toMatchObject({ status: "paused", exit: 130 });
    expect(journal.find(({ kind }) => kind === "outcome")).toMatchObject({ status: "cancelled" });
  });
});
