import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RunbookStore } from "../../../src/use-cases/runbook-store.ts";
import { testRunbooks } from "../../../src/use-cases/test-runbook.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "redisha-roles-test-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const RUNBOOK = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: move, version: "1.0.0" }
concurrency: { lock: none }
vars: { old: topo.primary_id }
steps:
  - id: switch
    action: sentinel.coordinated
    targets: { role: data, where: host.id == vars.old }
    with: { to: "r2:6379" }
    undo: none
  - id: mark
    action: redis.config_set
    targets: { role: primary, resolve: live }
    with: { parameter: maxclients, value: "5000" }
    undo: none
`;

const TEST = `runbook: ./move.yaml
cases:
  - name: moves
    given:
      topology: { kind: sentinel, primary: r1:6379, replicas: [r2:6379, r3:6379], sentinels: [s1:26379, s2:26379] }
    strict: STRICT
    expect: { status: STATUS, sequence: [switch@r1, MARK] }
`;

async function play(strict: boolean, status: string, mark: string) {
  await writeFile(join(directory, "move.yaml"), RUNBOOK);
  const text = TEST.replace("STRICT", String(strict)).replace("STATUS", status).replace("[switch@r1, MARK]", mark);
  await writeFile(join(directory, "move.test.yaml"), text);
  const [result] = await testRunbooks([join(directory, "move.test.yaml")], new RunbookStore(directory));
  return result?.cases[0]?.differences;
}

describe("a step that moves roles", () => {
  it("moves them in a rehearsal without a mock: later steps find the new primary", async () => {
    expect(await play(false, "done", "[switch@r1, mark@r2]")).toEqual([]);
  });

  it("has to be mocked where a case is strict", async () => {
    expect(await play(true, "failed", "[switch@r1]")).toEqual([]);
  });
});
