import { describe, expect, it } from "vitest";
import { actionCatalog } from "../../../src/actions/catalog.ts";
import { InvalidFileError } from "../../../src/core/errors.ts";
import { compileRunbook } from "../../../src/runbook/compile.ts";
import { describe as tell } from "../../../src/runbook/describe.ts";

const RELAX = `  - id: relax
    action: redis.config_set
    targets: { role: replica }
    with: { parameter: maxclients, value: "1" }
    undo: { action: redis.config_set, with: { parameter: maxclients, value: "\${{ before.value }}" }, armed: 60s }
`;

const KEEP =
  "  - { id: keep, action: redis.query, targets: { role: replica }, with: { command: [PING] }, disarm: relax }\n";

function compiled(steps: string) {
  const text = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: test, version: 1.0.0 }
steps:
${steps}`;
  return compileRunbook({ text, path: "test.yaml", origin: "file" }, actionCatalog(), () => undefined).runbook;
}

function problems(steps: string): string[] {
  try {
    compiled(steps);
    return [];
  } catch (error) {
    if (error instanceof InvalidFileError) return error.problems.map(({ message }) => message);
    throw error;
  }
}

describe("an undo that is armed", () => {
  it("is taken as written, and so is a later step that disarms it", () => {
    expect(problems(RELAX + KEEP)).toEqual([]);
  });

  it("is told as what it is, and so is the step that disarms it", () => {
    const told = tell(compiled(RELAX + KEEP));
    expect(told).toContain("- undo: `redis.config_set`; the host does it by itself after 1m 00s of silence\n");
    expect(told).toContain("- when it has ended well, what `relax` changed stays: its undo is disarmed\n");
    expect(tell(compiled(RELAX.replace(", armed: 60s", "")))).toContain("- undo: `redis.config_set`\n");
  });

  it("has a lease from 10s to 1h", () => {
    expect(problems(RELAX.replace("60s", "9s"))).toEqual(["armed is from 10s to 1h, not 9s"]);
    expect(problems(RELAX.replace("60s", "61m"))).toEqual(["armed is from 10s to 1h, not 61m"]);
  });

  it("is an action that a host can carry out alone", () => {
    const other = RELAX.replace(/undo: .*/, "undo: { action: wait_for, with: { interval: 1s }, armed: 60s }");
    expect(problems(other)).toContain("a host cannot carry out wait_for alone, so the undo cannot be armed");
  });

  it("stands where something is undone", () => {
    const text = `  - { id: look, action: redis.query, targets: { role: replica }, with: { command: [PING] } }\nfinally:\n${RELAX}`;
    expect(problems(text)).toEqual(["armed has no use where nothing is undone: in finally, rescue and always"]);
  });
});

describe("a step that disarms", () => {
  it("names an earlier step whose undo is armed", () => {
    const message = "step keep disarms relax, which is no earlier step with an undo that is armed";
    expect(problems(KEEP + RELAX)).toEqual([message]);
    expect(problems(RELAX.replace(", armed: 60s", "") + KEEP)).toEqual([message]);
  });
});
