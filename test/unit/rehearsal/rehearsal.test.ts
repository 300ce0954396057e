import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InvalidFileError } from "../../../src/core/errors.ts";
import { RunbookStore } from "../../../src/use-cases/runbook-store.ts";
import { type CaseResult, testRunbooks } from "../../../src/use-cases/test-runbook.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "redisha-rehearsal-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const RUNBOOK = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: move, version: "1.0.0" }
requires: { topology: [replication, sentinel] }
concurrency: { lock: none }
steps:
  - id: switch
    action: redis.command
    targets: { role: primary }
    with: { command: [FAILOVER] }
    retry: { attempts: 2, delay: 1m }
    undo: none
  - id: mark
    action: redis.command
    targets: { role: primary }
    with: { command: [SET, mark, "1"] }
    undo: { action: redis.command, with: { command: [DEL, mark] } }
  - id: look
    action: redis.query
    targets: { role: replica }
    when: steps.mark.changed
    with: { command: [OBJECT, ENCODING, mark] }
    on_failure: rollback
`;

const GIVEN = "{ topology: { kind: replication, primary: r1:6379, replicas: [r2:6379] } }";

async function play(cases: string): Promise<readonly CaseResult[]> {
  await writeFile(join(directory, "move.yaml"), RUNBOOK);
  await writeFile(join(directory, "move.test.yaml"), `runbook: ./move.yaml\ncases:\n${cases}`);
  const [result] = await testRunbooks([join(directory, "move.test.yaml")], new RunbookStore(directory));
  return result?.cases ?? [];
}

async function problemsOf(cases: string): Promise<string[]> {
  const error = await play(cases).catch((thrown: unknown) => thrown);
  if (!(error instanceof InvalidFileError)) throw new Error(`not refused: ${JSON.stringify(error)}`);
  return error.problems.map(
    ({ message, position, hint }) => `${position.line}:${position.column} ${message}${hint ? ` (${hint})` : ""}`,
  );
}

describe("a rehearsal", () => {
  it("follows what a mock leaves behind: later targets are looked up in it", async () => {
    const [result] = await play(`  - name: moves
    given: ${GIVEN}
    mock:
      - { step: switch, leaves: { "r1:6379": { role: replica }, "r2:6379": { role: primary } } }
      - { step: look, target: "r1:6379", result: { reply: int } }
    expect:
      status: done
      sequence: [switch@r1, mark@r2, look@r1]
      plan: [switch: exact, mark: exact, look: conditional on steps.mark.changed]
      topology: { "r2:6379": { role: primary, writable: true } }
      keys: { mark: "1" }
`);
    expect(result).toMatchObject({ ok: true, differences: [] });
  });

  it("answers with an error as often as asked, without waiting for the retry", async () => {
    const [result] = await play(`  - name: fails once
    given: ${GIVEN}
    mock:
      - { step: switch, times: 1, error: { code: REDIS_NOGOODSLAVE } }
      - { step: look, result: { reply: int } }
    expect: { status: done, error: null }
`);
    expect(result).toMatchObject({ ok: true });
  });

  it("goes back as the engine does", async () => {
    const [result] = await play(`  - name: goes back
    given: ${GIVEN}
    mock: [{ step: look, error: { code: REDIS_ERR } }]
    expect: { status: rolled_back, error: REDIS_ERR, undone: [mark@r1], keys: { mark: null } }
`);
    expect(result).toMatchObject({ ok: true, differences: [] });
  });

  it("says what came instead, side by side", async () => {
    const [result] = await play(`  - name: wrong
    given: ${GIVEN}
    mock: [{ step: look, result: { reply: int } }]
    expect: { status: failed, sequence: [mark, switch] }
`);
    expect(result?.differences.slice(0, 2)).toEqual([
      { what: "status", expected: ["failed"], actual: ["done"] },
      { what: "sequence", expected: ["mark", "switch"], actual: ["switch", "mark"] },
    ]);
  });

  it("asks for a mock where it does not know the answer of a read, and for all changes where the case is strict", async () => {
    const [read, strict] = await play(`  - name: read
    given: ${GIVEN}
    expect: { error: REHEARSAL_NO_ANSWER }
  - name: strict
    given: ${GIVEN}
    strict: true
    expect: { error: REHEARSAL_NOT_MOCKED, status: failed }
`);
    expect([read?.differences, strict?.differences]).toEqual([[], []]);
  });
});

describe("a test that cannot be right", () => {
  it("is refused with every place: steps, results, nodes, fields, inputs", async () => {
    const problems = await problemsOf(`  - name: wrong
    given:
      topology: { kind: replication, primary: r1:6379, replicas: [r2:6379] }
      set: { "r9:6379": { up: false } }
    inputs: { nope: 1 }
    mock:
      - { step: swich }
      - { step: look, result: { answer: 1 } }
      - { step: switch, undo: true }
    expect: { sequence: [marc@r1], topology: { "r1:6379": { rolle: primary } } }
`);
    expect(problems.join("\n")).toContain('9:17 the runbook has no step swich (did you mean "switch"?)');
    expect(problems.join("\n")).toContain('the runbook has no step marc (did you mean "mark"?)');
    expect(problems.join("\n")).toContain("there is no node r9:6379");
    expect(problems.join("\n")).toContain("there is no field rolle");
    expect(problems.join("\n")).toContain("there is no input nope");
    expect(problems.join("\n")).toContain("is not what redis.query gives");
    expect(problems.join("\n")).toContain("switch is not taken back by any action");
  });

  it("is refused for a key that it does not have, with the nearest one", async () => {
    expect(await problemsOf(`  - { name: x, given: ${GIVEN}, expect: { statu: done } }\n`)).toEqual([
      expect.stringMatching(/^3:\d+ unknown key "statu" \(did you mean "status"\?\)$/),
    ]);
  });
});
