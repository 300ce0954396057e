import { describe, expect, it } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { EvalContext, Runbook, Step } from "../../../src/runbook/model.ts";
import { compileText, runbookOf } from "./dummy-catalog.ts";

const NODES = [
  { id: "r1:6379", role: "primary", up: true, lag: null, link_up: null, version: "7.0.15", port: 6379, cluster: null },
  { id: "r2:6379", role: "replica", up: true, lag: 5, link_up: true, version: "7.0.15", port: 6379, cluster: null },
  { id: "r3:6379", role: "replica", up: false, lag: 2048, link_up: false, version: null, port: 6379, cluster: null },
];

const CONTEXT: EvalContext = {
  inputs: { soak: "1m", size: 1_048_576, name: null, flag: true },
  vars: { half: 1 },
  secrets: {},
  run: { id: "run-1", started_at: "2026-01-01T00:00:00.000Z" },
  cluster: { name: "shop", topology: "sentinel" },
  topo: { nodes: NODES, sentinels: [] },
  host: NODES[1],
  steps: {},
};

const HEAD = `inputs:
  soak: { type: duration, default: 1m }
  size: { type: bytes, default: 1mb }
  name: { type: string }
  flag: { type: bool, default: true }
`;

function stepWith(more: string): Step {
  const runbook = compileText(runbookOf(`  - id: a\n    action: set\n    targets: { role: data }\n${more}`, HEAD));
  const [step] = runbook.steps;
  if (!step) throw new Error("there is one step");
  return step;
}

/** The value of an expression, as an output of a step with targets. */
function result(expression: string, context: Partial<EvalContext> = {}): unknown {
  const step = stepWith(`    with: {}\n    outputs: { x: ${JSON.stringify(expression)} }\n`);
  return step.outputs.x?.evaluate({ ...CONTEXT, ...context });
}

function rendered(template: string, context: Partial<EvalContext> = {}): unknown {
  const step = stepWith(`    with: { x: ${JSON.stringify(template)} }\n`);
  return (step.with.render({ ...CONTEXT, ...context }) as { x: unknown }).x;
}

function errorOf(run: () => unknown): RedishaError {
  try {
    run();
  } catch (error) {
    if (error instanceof RedishaError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("expressions", () => {
  it.each([
    ["host.lag + 1", 6],
    ["topo.nodes.size() / 2", 1],
    ["quorum(topo.nodes.size())", 2],
    ["topo.nodes.map(n, n.version)", ["7.0.15", "7.0.15", null]],
    ['topo.nodes.filter(n, n.role == "replica").map(n, n.id)', ["r2:6379", "r3:6379"]],
    ["topo.nodes.map(n, n.port).unique().size() == 1", true],
    ["topo.nodes.map(n, n.id).sorted()[0]", "r1:6379"],
    ["max(topo.nodes.map(n, n.port)) == 6379", true],
    ['version_ge("7.0.15", "7.0.9")', true],
    ['version_lt("7.10", "7.9")', false],
    ['version_eq("5:7.0.15-1~deb12u1", "7.0.15")', true],
    ['rdb_version("7.0.15")', 10],
    ['rdb_version("valkey", "9.1")', 80],
    ['glob(host.id, "r?:*")', true],
    ['glob(host.id, "r1*")', false],
    ['bytes("1mb") == inputs.size', true],
    ['inputs.soak < duration("1d")', true],
    ["seconds(inputs.soak)", 60],
    ["inputs.soak", "1m"],
    ['duration("1500ms")', "1500ms"],
    ["inputs.flag ? 1 : 2", 1],
    ['{"a": [1, "b", true, null]}', { a: [1, "b", true, null] }],
    ["1.5", 1.5],
    ["cluster.name + run.id", "shoprun-1"],
  ])("%s", (expression, expected) => {
    expect(result(expression)).toEqual(expected);
  });

  it("take a null as a value that equals only null", () => {
    expect(result("host.lag == null", { host: NODES[0] })).toBe(true);
    expect(result("host.link_up == true", { host: NODES[0] })).toBe(false);
    expect(result("inputs.name == null")).toBe(true);
    expect(result("host.lag != null && host.lag < 10", { host: NODES[0] })).toBe(false);
  });

  it("refuse to order, add or judge a null, and name what is not known", () => {
    for (const expression of ["host.lag < 10", "host.lag + 1", "host.link_up && host.up", "!host.link_up"]) {
      const error = errorOf(() => result(expression, { host: NODES[0] }));
      expect(error.code).toBe("RUNBOOK_VALUE_UNKNOWN");
      expect(error.message).toMatch(/host\.(lag|link_up) is null, that is: not known/);
      expect(error.position).toMatchObject({ file: "test.yaml", line: 14 });
    }
  });

  it("leave a null out of it where the rest decides", () => {
    expect(result('topo.nodes.exists(n, n.role == "replica" && n.link_up)')).toBe(true);
    expect(result('topo.nodes.all(n, n.role == "primary" || n.lag < 5000)')).toBe(true);
  });

  it("ask for an object that may not be there with has()", () => {
    expect(result("has(host.cluster)")).toBe(false);
    expect(errorOf(() => result("host.cluster.state")).code).toBe("RUNBOOK_VALUE_UNKNOWN");
  });

  it("name what is not there (yet) at run time", () => {
    expect(errorOf(() => result("topo.nodes[7].id")).message).toBe("`topo.nodes[7].id`: the list has no such item");
    expect(errorOf(() => result("host.id", { host: undefined })).message).toBe("`host.id`: there is no host (yet)");
  });

  it("say where a text that is no version came in", () => {
    const error = errorOf(() => result('version_ge(host.address, "7.0")', { host: { ...NODES[1], address: "r2" } }));
    expect(error.code).toBe("RUNBOOK_EXPRESSION");
    expect(error.message).toContain('"r2" is no version');
  });

  it("say what they read", () => {
    const reads = (expression: string) =>
      stepWith(`    with: {}\n    outputs: { x: ${JSON.stringify(expression)} }\n`).outputs.x?.reads;
    expect(reads("topo.nodes.exists(host, host.up)")).toEqual(["topo"]);
    expect(reads("host.lag < inputs.size && cluster.name == 'x'")).toEqual(["cluster", "host", "inputs.size"]);
    expect(reads("host.id == 'a' && topo.kind == 'cluster'"), "what redisha.yaml says").toEqual([]);
  });

  it("do not reach the prototype of anything", () => {
    expect(() =>
      compileText(runbookOf("  - id: a\n    action: set\n    with: {}\n    when: run.constructor == null\n")),
    ).toThrow();
    expect(() => result('{"a": 1}.constructor')).toThrow();
  });
});

describe("templates", () => {
  it("keep the type of a value that stands alone", () => {
    expect(rendered("${{ host.lag }}")).toBe(5);
    expect(rendered("${{ topo.nodes.map(n, n.up) }}")).toEqual([true, true, false]);
    expect(rendered('${{ {"a": {"b": 1}} }}')).toEqual({ a: { b: 1 } });
  });

  it("become text beside text", () => {
    expect(rendered("${{ cluster.name }}-${{ host.lag }} of ${{ inputs.soak }}")).toBe("shop-5 of 1m");
  });

  it("leave other text alone", () => {
    expect(rendered("$x ${y} { a } }} $")).toBe("$x ${y} { a } }} $");
    expect(rendered('${{ "{{.Names}}" }}')).toBe("{{.Names}}");
  });

  it("keep a secret wrapped, alone or in a text", () => {
    const text = runbookOf(
      '  - id: a\n    action: redis.auth\n    targets: { role: data }\n    undo: none\n    with: { password: "x${{ secrets.p }}" }\n',
      "secrets: { p: { from: env:P } }\n",
    );
    const [step] = compileText(text).steps;
    const data = step?.with.render({ ...CONTEXT, secrets: { p: new Secret("hunter2", "env P") } });
    const { password } = data as { password: unknown };
    expect(password).toBeInstanceOf(Secret);
    expect(String(password)).not.toContain("hunter2");
    expect((password as Secret).reveal()).toBe("xhunter2");
    expect(step?.with.reads).toEqual(["secrets.p"]);
  });
});

describe("results of steps", () => {
  const read = (id: string, more = "") =>
    `  - id: ${id}\n    action: redis.info\n    targets: { role: replica, limit: 1 }\n${more}`;

  it("are typed by the action, by set, and by the step's own outputs", () => {
    const runbook: Runbook = compileText(
      runbookOf(
        `${read("a", "    outputs: { twice: result.keys * 2 }\n")}  - id: s\n    action: set\n    with: { n: "\${{ steps.a.outputs.twice }}", t: "k:\${{ run.id }}" }\n`,
        "",
      ).concat("outputs: { n: steps.s.outputs.n + 1, t: steps.s.outputs.t, keys: steps.a.outputs.keys }\n"),
    );
    expect(Object.values(runbook.outputs).map(({ type }) => type)).toEqual(["int", "string", "int"]);
    const steps = { s: { outputs: { n: 4, t: "x" } }, a: { outputs: { keys: 2, fraction: 0.5, twice: 4 } } };
    expect(runbook.outputs.n?.evaluate({ ...CONTEXT, steps })).toBe(5);
  });

  it("of a skipped step are not there, which is said", () => {
    const runbook = compileText(runbookOf(read("a")).concat("outputs: { keys: steps.a.outputs.keys }\n"));
    const steps = {
      a: { ok: true, changed: false, failed: false, skipped: true, status: "skipped_condition", outputs: {} },
    };
    const error = errorOf(() => runbook.outputs.keys?.evaluate({ ...CONTEXT, steps }));
    expect(error).toMatchObject({
      code: "RUNBOOK_VALUE_UNKNOWN",
      message: "`steps.a.outputs.keys`: there is no keys (yet)",
    });
    expect(() => runbook.outputs.keys?.evaluate({ ...CONTEXT, steps: {} })).toThrow("there is no a (yet)");
  });

  it("of a fan-out stand by target", () => {
    const text = runbookOf(
      "  - id: a\n    action: redis.info\n    targets: { role: replica }\n  - id: b\n    action: set\n    with: {}\n",
    ).concat("outputs: { keys: 'steps.a.hosts[\"r2:6379\"].outputs.keys', count: steps.a.hosts.size() }\n");
    const steps = { a: { hosts: { "r2:6379": { outputs: { keys: 7, fraction: 0.1 } } } } };
    const runbook = compileText(text);
    expect(runbook.outputs.keys?.evaluate({ ...CONTEXT, steps })).toBe(7);
    expect(runbook.outputs.count?.evaluate({ ...CONTEXT, steps })).toBe(1);
  });
});
