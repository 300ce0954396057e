import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { type Group, startGroup } from "../../support/group.ts";
import { runbookText, Workplace } from "../../support/runs.ts";

const NET = "127.71.1";
let group: Group;
let place: Workplace;

beforeAll(async () => {
  group = await startGroup({ kind: "replication", net: NET });
  place = await Workplace.create(`version: 1
deployments:
  shop:
    topology: replication
    ssh: none
    hosts:
      r1: { address: ${NET}.1 }
      r2: { address: ${NET}.2 }
      r3: { address: ${NET}.3 }
    redis: { on: [r1, r2, r3], initial_primary: r1 }
`);
});

afterAll(async () => {
  await group.stop();
  await place.remove();
});

beforeEach(async () => {
  await group.cli("r1:6379", "FLUSHALL");
});

const list = () => group.cli("r1:6379", "LRANGE", "log", "0", "-1").then((text) => text.split("\n").filter(Boolean));

describe("the canary runbook", () => {
  it("reads its key back from every replica and leaves nothing behind", async () => {
    const { summary, journal } = await place.run("canary");
    expect(summary).toMatchObject({ status: "done", exit: 0, error: null });
    expect(summary.outputs).toMatchObject({ replicas: 2 });
    expect(await group.cli("r1:6379", "DBSIZE")).toBe("0");
    const changes = journal.filter(({ kind, step }) => kind === "intent" || step === "write" || step === "remove");
    expect(changes.map(({ kind, step }) => [kind, step])).toEqual([
      ["intent", "write"],
      ["outcome", "write"],
      ["intent", "remove"],
      ["outcome", "remove"],
    ]);
  });

  it("changes nothing when it is only planned, and shows the very commands that run", async () => {
    const plan = await place.plan("canary");
    expect(await group.cli("r1:6379", "DBSIZE")).toBe("0");
    const write = plan.steps.find(({ step }) => step === "write");
    expect(write?.certainty).toEqual({ kind: "exact" });
    expect(write?.batches[0]?.[0]?.target).toBe("r1:6379");
    expect(write?.batches[0]?.[0]?.commands[0]?.text).toMatch(/^SET redisha:canary:\S+ \S+ EX 60$/);
  });
});

describe("a run", () => {
  it("tries again what failed, waiting longer each time, and only as often as allowed", async () => {
    const { summary, events } = await place.run(
      runbookText(`
steps:
  - id: wrong
    action: redis.command
    targets: { role: primary }
    with: { command: [NOSUCHCOMMAND] }
    retry: { attempts: 3, delay: 10ms, backoff: 2, on: [ERR] }
    undo: none
`),
    );
    expect(summary).toMatchObject({ status: "failed", exit: 1 });
    expect(summary.error).toMatchObject({ code: "REDIS_ERR", host: "r1:6379" });
    const ends = events.filter((event) => event.type === "op_finished");
    expect(ends.map(({ attempt, will_retry_in_ms }) => [attempt, will_retry_in_ms])).toEqual([
      [1, 10],
      [2, 20],
      [3, undefined],
    ]);
  });

  it("stops at a failure, but carries out finally, and says what failed", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - { id: first, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, first] }, undo: none }
  - { id: broken, action: redis.command, targets: { role: primary }, with: { command: [INCR, log] }, undo: none }
  - { id: never, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, never] }, undo: none }
finally:
  - { id: last, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, last] }, undo: none }
`),
    );
    expect(summary.error).toMatchObject({ code: "REDIS_WRONGTYPE" });
    expect(await list()).toEqual(["first", "last"]);
  });

  it("keeps the first error as the run's, where a step of finally fails after it, and warns of the second", async () => {
    const { summary, events } = await place.run(
      runbookText(`
steps:
  - { id: first, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, first] }, undo: none }
  - { id: broken, action: redis.command, targets: { role: primary }, with: { command: [INCR, log] }, undo: none }
finally:
  - { id: last, action: redis.command, targets: { role: primary }, with: { command: [NOSUCHCOMMAND] }, undo: none }
`),
    );
    expect(summary).toMatchObject({ status: "failed", error: { code: "REDIS_WRONGTYPE" } });
    const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    expect(warnings).toContainEqual(expect.stringMatching(/^tidying up failed, too: .*NOSUCHCOMMAND/));
  });

  it("carries out always also where rescue fails, and keeps the error of rescue", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: guarded
    action: block
    targets: { role: primary }
    steps:
      - { id: breaks, action: redis.command, with: { command: [NOSUCHCOMMAND] }, undo: none }
    rescue:
      - { id: mend, action: redis.command, with: { command: [RPUSH, log, rescued] }, undo: none }
      - { id: stuck, action: redis.command, with: { command: [INCR, log] }, undo: none }
    always:
      - { id: tidy, action: redis.command, with: { command: [RPUSH, log, always] }, undo: none }
      - { id: untidy, action: redis.command, with: { command: [NOSUCHCOMMAND] }, undo: none }
`),
    );
    expect(summary.error).toMatchObject({ code: "REDIS_WRONGTYPE" });
    expect(await list()).toEqual(["rescued", "always"]);
  });

  it("goes on after a failure that may happen, and ends with warnings", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: broken
    action: redis.command
    targets: { role: primary }
    with: { command: [NOSUCHCOMMAND] }
    on_failure: continue
    undo: none
  - { id: after, action: redis.command, targets: { role: primary }, when: steps.broken.failed, with: { command: [RPUSH, log, after] }, undo: none }
`),
    );
    expect(summary).toMatchObject({ status: "done", exit: 3, tolerated_failures: 1 });
    expect(await list()).toEqual(["after"]);
  });

  it("runs rescue when a step of a block fails, and always however it ended", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: guarded
    action: block
    targets: { role: primary }
    steps:
      - { id: breaks, action: redis.command, with: { command: [NOSUCHCOMMAND] }, undo: none }
    rescue:
      - { id: mend, action: redis.command, with: { command: [RPUSH, log, rescued] }, undo: none }
    always:
      - { id: tidy, action: redis.command, with: { command: [RPUSH, log, always] }, undo: none }
`),
    );
    expect(summary).toMatchObject({ status: "done", exit: 0 });
    expect(await list()).toEqual(["rescued", "always"]);
  });

  it("keeps the results of a block apart for each of its targets", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: each
    action: block
    targets: { role: data, order_by: host.port }
    rollout: { serial: 1 }
    steps:
      - { id: who, action: redis.config_get, with: { parameters: [replica-announce-ip] } }
      - id: note
        action: redis.command
        targets: { role: primary }
        with: { command: [RPUSH, log, "\${{ steps.who.outputs.values['replica-announce-ip'] }}"] }
        undo: none
`),
    );
    expect(summary.error).toBeNull();
    expect(await list()).toEqual([`${NET}.1`, `${NET}.2`, `${NET}.3`]);
  });

  it("stops a rollout when more targets failed than may, and leaves the rest alone", async () => {
    const { summary, events } = await place.run(
      runbookText(`
steps:
  - id: one_by_one
    action: redis.command
    targets: { role: data, order_by: host.address }
    rollout: { serial: 1, max_failures: 1 }
    with: { command: [NOSUCHCOMMAND] }
    undo: none
`),
    );
    expect(summary.status).toBe("failed");
    const touched = events.filter((event) => event.type === "op_started").map(({ target }) => target);
    expect(touched).toEqual(["r1:6379", "r2:6379"]);
  });

  it("waits until a condition on the live deployment holds", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - { id: write, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, x] }, undo: none }
  - id: in_sync
    action: wait_for
    targets: { role: replica }
    with: { interval: 100ms }
    until: host.link_up == true && host.lag == 0
    timeout: 20s
`),
    );
    expect(summary).toMatchObject({ status: "done", exit: 0 });
  });

  it("calls an op that ran out of time in doubt, and its outcome unknown", async () => {
    const { summary, journal } = await place.run(
      runbookText(`
steps:
  - id: slow
    action: redis.command
    targets: { role: primary }
    with: { command: [BLPOP, nothing-there, 30] }
    timeout: 300ms
    undo: none
`),
    );
    expect(summary).toMatchObject({ status: "failed", exit: 8 });
    expect(summary.error).toMatchObject({ code: "STEP_TIMEOUT" });
    expect(journal.find(({ kind }) => kind === "outcome")).toMatchObject({ status: "in_doubt" });
  });

  it("fails a step whose post-condition does not come true in time", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: hopeful
    action: redis.command
    targets: { role: primary }
    with: { command: [RPUSH, log, x] }
    verify: { that: topo.nodes.size() == 99, within: 200ms }
    undo: none
`),
    );
    expect(summary).toMatchObject({ status: "failed", exit: 10 });
    expect(summary.error).toMatchObject({ code: "VERIFY_FAILED" });
  });

  it("reports every condition of an assert that does not hold, and is a gate", async () => {
    const { summary } = await place.run(
      runbookText(`
steps:
  - id: gate
    action: assert
    with:
      that:
        - { expr: topo.nodes.size() == 3, message: Three nodes }
        - { expr: topo.nodes.size() == 4, message: Four nodes are wanted }
        - { expr: "topo.nodes.exists(n, n.version == '5.0')", message: One of them is old }
`),
    );
    expect(summary).toMatchObject({ status: "failed", exit: 4 });
    expect(summary.error?.message).toContain("Four nodes are wanted");
    expect(summary.error?.message).toContain("One of them is old");
    expect(summary.error?.message).not.toContain("Three nodes");
  });

  it("captures what a directive was before it set it", async () => {
    const { summary, journal } = await place.run(
      runbookText(`
steps:
  - id: slowlog
    action: redis.config_set
    targets: { role: replica }
    rollout: { serial: 1 }
    with: { parameter: slowlog-log-slower-than, value: "4711" }
    undo: none
`),
    );
    expect(summary.status).toBe("done");
    const told = journal.filter(({ kind }) => kind === "intent" || kind === "outcome");
    expect(told.map(({ kind, target, before, status }) => [kind, target, before ?? status])).toEqual([
      ["intent", "r2:6379", { value: "10000" }],
      ["outcome", "r2:6379", "changed"],
      ["intent", "r3:6379", { value: "10000" }],
      ["outcome", "r3:6379", "changed"],
    ]);
  });

  it("finishes the current step after a first Ctrl-C and pauses there, without tidying up what it still needs", async () => {
    const pause = new AbortController();
    const { summary } = await place.run(
      runbookText(`
steps:
  - { id: first, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, first] }, undo: none }
  - { id: second, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, second] }, undo: none }
finally:
  - { id: last, action: redis.command, targets: { role: primary }, with: { command: [RPUSH, log, last] }, undo: none }
`),
      {
        pause: pause.signal,
        onEvent: (event) => {
          if (event.type === "op_started" && event.step === "first")
            pause.abort(new RedishaError({ code: "INTERRUPTED", message: "Stopped by SIGINT.", exit: 130 }));
        },
      },
    );
    expect(summary).toMatchObject({ status: "paused", exit: 130 });
    expect(summary.error?.next.join("\n")).toContain(`redisha runs resume ${summary.run}`);
    expect(await list()).toEqual(["first"]);
  });

  it("gives a secret to the command and keeps it out of events and journal", async () => {
    const secret = `s3cr'et "word" %41`;
    const { summary, journalText, events } = await place.run(
      runbookText(`
secrets:
  token: { from: "env:TOKEN" }
steps:
  - { id: use, action: redis.command, targets: { role: primary }, with: { command: [SET, token, "\${{ secrets.token }}"] }, undo: none }
`),
      { env: { TOKEN: secret } },
    );
    expect(summary).toMatchObject({ status: "done", error: null });
    expect(await group.cli("r1:6379", "GET", "token")).toBe(secret);
    expect(journalText).toContain("‹secret›");
    expect(`${journalText}${JSON.stringify(events)}`).not.toContain("s3cr");
  });
});

describe("what a runbook requires", () => {
  const requiring = (requires: string) =>
    runbookText(
      "steps:\n  - { id: look, action: redis.query, targets: { role: primary }, with: { command: [PING] } }\n",
    ).replace("topology: [replication, sentinel]", `topology: [replication, sentinel], ${requires}`);

  it("refuses servers and a redisha of other versions, naming them, before anything runs", async () => {
    await expect(place.run(requiring(`redis: ">=8.0"`))).rejects.toMatchObject({
      code: "RUNBOOK_REQUIRES",
      exit: 2,
      message: expect.stringContaining("r1:6379 runs 7.0.15"),
    });
    await expect(place.run(requiring(`engine: ">=99.0"`))).rejects.toMatchObject({ code: "RUNBOOK_REQUIRES", exit: 2 });
    const { summary } = await place.run(requiring(`redis: ">=7.0 <8.0"`));
    expect(summary.status).toBe("done");
  });
});

describe("an instance that does not answer", () => {
  const tune = runbookText(`
steps:
  - id: tune
    action: redis.config_set
    targets: { role: replica }
    with: { parameter: slowlog-log-slower-than, value: "4714" }
    undo: none
`);

  it("is named by the plan and by the run that leave it out, and the run ends with warnings", async () => {
    process.kill(group.server("r3:6379").pid, "SIGKILL");
    try {
      const plan = await place.plan(tune);
      expect(plan.steps[0]?.note).toBe("left out, since they do not answer: r3:6379");
      const { summary, events } = await place.run(tune);
      expect(summary).toMatchObject({ status: "done", exit: 3, left_out: ["r3:6379"] });
      expect(events).toContainEqual(
        expect.objectContaining({ type: "warning", message: expect.stringContaining("r3:6379") }),
      );
    } finally {
      await group.restart("r3:6379");
    }
  });
});

describe("a plan", () => {
  it("marks what depends on a step that was not run, and what may differ by then", async () => {
    const plan = await place.plan(
      runbookText(`
steps:
  - { id: size, action: redis.query, targets: { role: primary }, with: { command: [DBSIZE] } }
  - { id: empty, action: redis.command, targets: { role: primary }, when: steps.size.outputs.reply == 0, with: { command: [PING] }, undo: none }
  - { id: full, action: redis.command, targets: { role: primary }, when: steps.size.outputs.reply == 7, with: { command: [PING] }, undo: none }
  - { id: after, action: redis.command, targets: { role: primary }, with: { command: [ECHO, "\${{ steps.empty.outputs.reply }}"] }, undo: none }
  - { id: maybe, action: redis.command, targets: { role: primary }, when: "topo.nodes.all(n, n.up)", with: { command: [PING] }, undo: none }
`),
    );
    expect(plan.steps.map(({ step, certainty, skipped }) => [step, certainty.kind, skipped ?? null])).toEqual([
      ["size", "exact", null],
      ["empty", "exact", null],
      ["full", "exact", "condition"],
      ["after", "known_after", null],
      ["maybe", "conditional", null],
    ]);
  });
});
