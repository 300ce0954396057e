import { describe, expect, it } from "vitest";
import type { RunbookSource } from "../../../src/runbook/unit.ts";
import { BACKUP, compileText, complaints, runbookOf } from "./dummy-catalog.ts";

const read = (id: string, when: string, indent = "  ") =>
  `${indent}- id: ${id}\n${indent}  action: redis.info\n${indent}  targets: { role: replica, limit: 1 }\n${indent}  when: ${when}\n`;

describe("a step may name the results of other steps", () => {
  it("that ran before it", () => {
    expect(complaints(runbookOf(read("a", "true") + read("b", "steps.a.ok")))).toEqual([]);
  });

  it("but not of later ones, of itself, or of none", () => {
    expect(
      complaints(runbookOf(read("a", "steps.b.ok || steps.a.ok || steps.c.ok") + read("b", "steps.aa.ok"))),
    ).toEqual(["8:17 steps.b cannot be read here: it runs later", '12:17 steps has no "aa" (did you mean "a"?)']);
    expect(complaints(runbookOf(read("a", "steps.a.ok")))).toEqual(["8:17 steps.a cannot be read here: it runs later"]);
  });

  it("inside the same block, and after a block that runs once", () => {
    const block = (targets: string) =>
      `  - id: box\n    action: block\n${targets}    steps:\n${read("x", "true", "      ")}${read("y", "steps.x.ok", "      ")}`;
    expect(complaints(runbookOf(block("") + read("z", "steps.x.ok")))).toEqual([]);
    expect(complaints(runbookOf(block("    targets: { role: replica }\n") + read("z", "steps.x.ok")))).toEqual([
      "20:17 steps.x cannot be read here: it runs once per target inside step box, and its result stays there",
    ]);
  });

  it("in rescue, in always, and in finally", () => {
    const text = runbookOf(
      `  - id: box\n    action: block\n    steps:\n${read("x", "true", "      ")}    rescue:\n${read("r", "steps.x.failed", "      ")}    always:\n${read("l", "steps.x.ok && steps.r.ok", "      ")}`,
    ).concat(`finally:\n${read("f", "steps.box.failed")}`);
    expect(complaints(text)).toEqual([]);
  });

  it("not in vars, nor in an invariant", () => {
    const head = "vars: { a: steps.x.ok }\ninvariants: [{ id: i, assert: steps.x.ok, on_violation: warn }]\n";
    expect(complaints(runbookOf(read("x", "true"), head))).toEqual([
      "4:12 steps is not known here: vars are worked out before the first step",
      "5:31 steps is not known here: an invariant holds at any time, before the step too",
    ]);
  });
});

describe("a fan-out", () => {
  it("has its outputs by target", () => {
    const text = runbookOf(
      "  - id: a\n    action: redis.info\n    targets: { role: replica }\n  - id: b\n    action: set\n    with: {}\n    when: steps.a.outputs.keys > 1\n",
    );
    expect(complaints(text)).toEqual([
      '11:19 steps.a has no "outputs" (it has ok, changed, failed, skipped, status, hosts)',
    ]);
  });

  it("is none where the primary is one", () => {
    const text = (topology: string) =>
      runbookOf(
        "  - id: a\n    action: redis.info\n    targets: { role: primary }\n  - id: b\n    action: set\n    with: {}\n    when: steps.a.outputs.keys > 1\n",
        `requires: { topology: [${topology}] }\n`,
      );
    expect(complaints(text("sentinel"))).toEqual([]);
    expect(complaints(text("sentinel, cluster"))).toHaveLength(1);
  });
});

describe("vars", () => {
  it("see those above them, with their types", () => {
    const ok = "vars:\n  a: topo.nodes.size()\n  b: vars.a + 1\n";
    expect(compileText(runbookOf(read("x", "vars.b > 1"), ok)).vars.map(([name, { type }]) => [name, type])).toEqual([
      ["a", "int"],
      ["b", "int"],
    ]);
    expect(complaints(runbookOf(read("x", "vars.a"), "vars:\n  a: vars.b\n  b: '1'\n"))).toEqual([
      "5:11 vars.b cannot be read here: vars see only those above them",
    ]);
  });
});

describe("ids", () => {
  it("are unique, in blocks too", () => {
    const text = runbookOf(
      `  - id: a\n    action: block\n    steps:\n${read("x", "true", "      ")}${read("x", "true")}`,
      "blocks:\n  k:\n    - { id: a, action: set, with: {} }\n",
    );
    expect(complaints(text)).toEqual([
      '8:9 step id "a" stands already in line 6 (ids are unique in a runbook, in its blocks too)',
      '15:9 step id "x" stands already in line 11 (ids are unique in a runbook, in its blocks too)',
    ]);
  });
});

describe("blocks by reference", () => {
  it("are checked for every place that uses them, and complained of once", () => {
    const blocks = "blocks:\n  k:\n    - { id: w, action: wait_for, until: host.lag == 0 }\n";
    const use = (id: string, role: string) =>
      `  - id: ${id}\n    action: block\n    with: { ref: k }\n    targets: { role: ${role} }\n`;
    expect(complaints(runbookOf(use("a", "replica") + use("b", "data"), blocks))).toEqual([]);
    expect(complaints(runbookOf(use("a", "sentinel") + use("b", "any"), blocks))).toEqual(['6:46 host has no "lag"']);
  });

  it("are checked though nothing uses them", () => {
    const text = runbookOf(read("x", "true"), "blocks:\n  k:\n    - { id: w, action: wait_forr, until: 'true' }\n");
    expect(complaints(text)).toEqual(['6:24 there is no action "wait_forr" (did you mean "wait_for"?)']);
  });

  it("must not contain themselves", () => {
    const blocks = "blocks:\n  k:\n    - { id: w, action: block, with: { ref: k } }\n";
    expect(complaints(runbookOf("  - { id: a, action: block, with: { ref: k } }\n", blocks))).toContain(
      "6:44 block k contains itself: k > k",
    );
  });
});

describe("runbooks that call others", () => {
  const call = (ref: string) => `  - { id: c, action: runbook, with: { ref: "${ref}" } }\n`;
  const library =
    (files: Record<string, string>) =>
    (ref: string): RunbookSource | undefined => {
      const text = files[ref];
      return text === undefined ? undefined : { text, path: ref, origin: "file" };
    };

  it("are compiled with them, and know their outputs", () => {
    const text = runbookOf(call("builtin:backup")).concat("outputs: { keys: steps.c.outputs.keys + 1 }\n");
    const runbook = compileText(text);
    expect(runbook.outputs.keys?.type).toBe("int");
    expect(runbook.steps[0]?.runbook?.compiled.name).toBe("backup");
    expect(complaints(text.replace("outputs.keys", "outputs.kys"))).toEqual([
      '6:34 steps.c.outputs has no "kys" (did you mean "keys"?)',
    ]);
  });

  it("show the mistakes of those they call, in their own file", () => {
    const broken = BACKUP.replace("redis.info", "redis.inof");
    const text = runbookOf(call("b.yaml"));
    expect(complaints(text, library({ "b.yaml": broken }))).toEqual([
      '7:13 there is no action "redis.inof" (did you mean "redis.info"?)',
    ]);
  });

  it("must not come back to themselves", () => {
    const files = { "b.yaml": runbookOf(call("c.yaml")), "c.yaml": runbookOf(call("b.yaml")) };
    expect(complaints(runbookOf(call("b.yaml")), library(files))).toContain(
      "5:44 runbooks call each other in a circle: test.yaml > b.yaml > c.yaml > b.yaml",
    );
  });
});
