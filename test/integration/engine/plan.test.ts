import { readFile, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../../../src/engine/plan.ts";
import { type Group, startGroup } from "../../support/group.ts";
import { type Ran, runbookText, Workplace } from "../../support/runs.ts";

const NET = "127.71.3";
let group: Group;
let place: Workplace;

beforeAll(async () => {
  group = await startGroup({ kind: "sentinel", net: NET, downAfterMs: 1_000 });
  const hosts = [1, 2, 3].flatMap((n) => [`r${n}: { address: ${NET}.${n} }`, `s${n}: { address: ${NET}.${n} }`]);
  place = await Workplace.create(`version: 1
deployments:
  shop:
    topology: sentinel
    master_name: mymaster
    ssh: none
    hosts: { ${hosts.join(", ")} }
    redis: { on: [r1, r2, r3], initial_primary: r1 }
    sentinel: { on: [s1, s2, s3], quorum: 2 }
`);
});

afterAll(async () => {
  await group.stop();
  await place.remove();
});

beforeEach(async () => {
  for (const id of ["r1:6379", "r2:6379", "r3:6379"])
    await group.cli(id, "CONFIG", "SET", "slowlog-log-slower-than", "10000");
});

const step = (plan: Plan, id: string) => plan.steps.find((each) => each.step === id);

describe("a plan", () => {
  it("shows beside each command what takes it back, read from the servers themselves", async () => {
    await group.cli("r2:6379", "CONFIG", "SET", "slowlog-log-slower-than", "77");
    const plan = await place.plan(
      runbookText(`
steps:
  - id: tune
    action: redis.config_set
    targets: { role: replica, order_by: host.address }
    with: { parameter: slowlog-log-slower-than, value: "5" }
    undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }
`),
    );
    const ops = step(plan, "tune")?.batches.flat() ?? [];
    expect(ops.map(({ target, commands, undo }) => [target, commands, undo])).toEqual([
      [
        "r2:6379",
        [{ transport: "redis", text: "CONFIG SET slowlog-log-slower-than 5" }],
        [{ transport: "redis", text: "CONFIG SET slowlog-log-slower-than 77" }],
      ],
      [
        "r3:6379",
        [{ transport: "redis", text: "CONFIG SET slowlog-log-slower-than 5" }],
        [{ transport: "redis", text: "CONFIG SET slowlog-log-slower-than 10000" }],
      ],
    ]);
  });

  it("says what the deployment is once roles have moved, and plans what follows for the new ones", async () => {
    const plan = await place.plan(
      runbookText(`
invariants:
  - { id: at_home, assert: 'topo.primary_id == "r1:6379"', on_violation: warn }
steps:
  - id: switch
    action: sentinel.coordinated
    targets: { role: primary }
    with: { to: "r2:6379" }
    undo: none
  - id: mark
    action: redis.command
    targets: { role: primary, resolve: live }
    with: { command: [SET, mark, "1"] }
    undo: none
  - id: away
    action: redis.command
    targets: { role: replica, limit: 1 }
    effect: disruptive
    with: { command: [DEBUG, RESTART] }
    undo: none
`),
    );
    expect(step(plan, "switch")?.health).toEqual([
      "afterwards: r2:6379 is the primary, writes go on, 2 replicas in sync, 3 of 3 Sentinels, invariant at_home would not hold",
    ]);
    expect(step(plan, "mark")).toMatchObject({ live: true, batches: [[{ target: "r2:6379" }]] });
    expect(
      step(plan, "away")
        ?.batches.flat()
        .map(({ target }) => target),
    ).toEqual(["r1:6379"]);
    expect(step(plan, "away")?.health?.[0]).toMatch(/^while r1:6379 is away: writes go on, 1 replica in sync/);
    // It was only supposed.
    expect(await group.cli("r1:6379", "ROLE")).toMatch(/^master/);
  });

  it("says what the deployment is able to do while the targets of each batch are away", async () => {
    const plan = await place.plan(
      runbookText(`
invariants:
  - { id: all_replicas, assert: "topo.nodes.filter(n, n.role == 'replica').all(n, n.up)", on_violation: pause }
steps:
  - id: restart
    action: redis.command
    targets: { role: data, order_by: host.address }
    effect: disruptive
    with: { command: [PING] }
    undo: none
`),
    );
    expect(step(plan, "restart")?.health).toEqual([
      // Between equal replicas Sentinel goes by the run id.
      expect.stringMatching(
        /^while r1:6379 is away: writes go on after a failover to r[23]:6379, 2 replicas in sync, 3 of 3 Sentinels$/,
      ),
      "while r2:6379 is away: writes go on, 1 replica in sync, 3 of 3 Sentinels, invariant all_replicas would not hold",
      "while r3:6379 is away: writes go on, 1 replica in sync, 3 of 3 Sentinels, invariant all_replicas would not hold",
    ]);
  });

  it("leaves out a step whose condition cannot hold any more, whatever else of it is not known, and what only it would give", async () => {
    const plan = await place.plan(
      runbookText(`
inputs:
  other: { type: string }
steps:
  - { id: mark, action: redis.command, targets: { role: primary }, with: { command: [SET, plan, "1"] }, undo: none }
  - id: turn
    when: inputs.other != null
    action: redis.config_set
    targets: { role: primary }
    with: { parameter: slowlog-log-slower-than, value: "\${{ topo.nodes.size() }} \${{ inputs.other }}" }
    undo: none
  - id: later
    action: redis.config_set
    targets: { role: primary }
    with: { parameter: slowlog-log-slower-than, value: "\${{ steps.turn.skipped ? '7' : '8' }}" }
    undo: none
`),
    );
    expect(step(plan, "turn")).toMatchObject({ skipped: "condition", certainty: { kind: "exact" }, batches: [] });
    expect(step(plan, "later")?.batches[0]?.[0]?.commands).toEqual([
      { transport: "redis", text: "CONFIG SET slowlog-log-slower-than 7" },
    ]);
  });

  it("counts whom earlier steps have stopped, until they are started again", async () => {
    const stop = (id: string, role: string) => `
  - id: ${id}
    action: service.stop
    targets: { role: ${role} }
    with: {}
    undo: none`;
    const plan = await place.plan(
      runbookText(`
steps:${stop("replicas", "replica")}${stop("primary", "primary")}
  - { id: start, action: service.start, targets: { role: data }, with: { service: null }, undo: none }${stop("again", "primary")}
`),
    );
    const writes = (id: string) => /writes [^,:]*/.exec(step(plan, id)?.health?.at(-1) ?? "")?.[0];
    expect(["replicas", "primary", "again"].map(writes)).toEqual([
      "writes go on",
      "writes stop",
      expect.stringMatching(/^writes go on after a failover to r[23]$/),
    ]);
  });

  it("marks the point of no return, a gate that would refuse now, and what only happens on failure", async () => {
    const plan = await place.plan(
      runbookText(`
steps:
  - id: gate
    action: assert
    with: { that: [ { expr: topo.nodes.size() == 9, message: Nine nodes are wanted } ] }
  - id: guarded
    action: block
    steps:
      - { id: cross, action: redis.command, targets: { role: primary }, point_of_no_return: true, with: { command: [PING] }, undo: none }
    rescue:
      - { id: mend, action: redis.command, targets: { role: primary }, with: { command: [PING] }, undo: none }
`),
    );
    expect(step(plan, "gate")?.note).toContain("would stop here now: Nine nodes are wanted");
    expect(plan.stops_at).toBe("gate");
    expect(step(plan, "guarded.cross")?.certainty).toEqual({ kind: "conditional", on: "gate lets it pass" });
    expect(step(plan, "guarded.cross")?.point_of_no_return).toBe(true);
    expect(step(plan, "guarded.mend")?.certainty).toEqual({ kind: "conditional", on: "a step of guarded fails" });
  });
});

describe("a sealed plan", () => {
  const text = runbookText(`
inputs:
  note: { type: string, default: hello }
secrets:
  token: { from: "env:TOKEN" }
steps:
  - id: say
    action: redis.command
    targets: { role: primary }
    with: { command: [SET, "said:\${{ run.id }}", "\${{ inputs.note }} \${{ secrets.token }}", EX, "60"] }
    undo: none
`);
  const env = { TOKEN: "t0ken-value" };

  it("runs under the id it was planned with, and holds no secret", async () => {
    const file = await place.seal(text, { env, inputs: { note: "good morning" } });
    expect(await readFile(file, "utf8")).not.toContain("t0ken");
    const { summary, plan } = await place.runSealed(file, { env });
    expect(summary).toMatchObject({ status: "done", run: plan.run });
    expect(await group.cli("r1:6379", "GET", `said:${plan.run}`)).toBe("good morning t0ken-value");
  });

  it("is refused when the runbook or a secret is not what it was, and says which", async () => {
    const file = await place.seal(text, { env });
    await expect(place.runSealed(file, { env: { TOKEN: "another" } })).rejects.toMatchObject({
      code: "PLAN_STALE",
      exit: 4,
      message: expect.stringContaining("the secret token"),
    });
    const ref = `${place.directory}/test.yaml`;
    await writeFile(ref, (await readFile(ref, "utf8")).replace("hello", "hi"));
    await expect(place.runSealed(file, { env })).rejects.toMatchObject({
      message: expect.stringContaining("the text of the runbook"),
    });
  });

  it("is refused after a failover, and shows what moved", async () => {
    const file = await place.seal(text, { env });
    await group.cli("s1:26379", "SENTINEL", "FAILOVER", "mymaster");
    await expect
      .poll(() => group.cli("r1:6379", "ROLE").then((role) => role.split("\n")[0]), { timeout: 30_000 })
      .toBe("slave");
    await expect(place.runSealed(file, { env })).rejects.toMatchObject({
      code: "PLAN_STALE",
      message: expect.stringMatching(/r1:6379 was primary, .* is replica of r\d:6379/),
    });
  });

  it("that cannot be read is refused as such", async () => {
    const file = `${place.directory}/not-a-plan.json`;
    await writeFile(file, `{"schema": 2}`);
    await expect(place.runSealed(file)).rejects.toMatchObject({ code: "PLAN_UNREADABLE", exit: 2 });
  });
});

describe("what ran", () => {
  it("is exactly what the plan said it was sure of, whatever the runbook", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 1, maxLength: 6 }), async (steps) => {
        const text = runbookText(`steps:\n${steps.map((make, index) => make(`s${index}`)).join("")}`);
        const file = await place.seal(text);
        const ran = await place.runSealed(file);
        for (const [id, planned] of exactLines(ran.plan)) expect(startedLines(ran, id)).toEqual(planned);
      }),
      { numRuns: 25 },
    );
  });
});

const role = fc.constantFrom("primary", "replica", "data");
const word = fc.constantFrom("a", "b c", `quo"te`, "ünï", "$HOME", "1");
const condition = fc.constantFrom("", "when: topo.nodes.size() == 3", "when: 'false'", "skip_if: 'true'");

/** A step of a random runbook, given its id. */
const anyStep = fc.oneof(
  fc.tuple(role, word, condition).map(
    ([targets, value, when]) =>
      (id: string) =>
        `  - id: ${id}
    action: redis.query
    targets: { role: ${targets} }
    ${when}
    with: { command: [ECHO, ${JSON.stringify(value)}] }
`,
  ),
  fc.tuple(word, condition).map(
    ([value, when]) =>
      (id: string) =>
        `  - id: ${id}
    action: redis.command
    targets: { role: primary }
    ${when}
    with: { command: [RPUSH, "log:\${{ run.id }}", ${JSON.stringify(value)}] }
    undo: none
`,
  ),
  fc.integer({ min: 1, max: 99 }).map(
    (value) => (id: string) =>
      `  - id: ${id}
    action: block
    targets: { role: replica, order_by: host.address }
    steps:
      - id: ${id}_in
        action: redis.config_set
        with: { parameter: slowlog-log-slower-than, value: "${value}" }
        undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }
`,
  ),
);

/** For each step that the plan is sure of: target and command of each op, in any order within a batch. */
function exactLines(plan: Plan): [string, string[]][] {
  return plan.steps
    .filter(({ certainty, skipped }) => certainty.kind === "exact" && skipped === undefined)
    .map(({ step: id, batches }) => [
      id,
      batches
        .flat()
        .flatMap(({ target, commands }) => commands.map(({ text }) => `${target} ${text}`))
        .sort(),
    ]);
}

function startedLines(ran: Ran, id: string): string[] {
  return ran.events
    .filter((event) => event.type === "op_started" && event.step === id)
    .flatMap((event) => (event.type === "op_started" ? event.commands.map((text) => `${event.target} ${text}`) : []))
    .sort();
}
