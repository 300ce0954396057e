import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";

const RUNBOOK = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: primary-only, version: "1.0.0", description: For a test }
requires: { topology: [replication], answers: false }
steps:
  - id: set
    action: redis.config_set
    targets: { role: primary }
    with: { parameter: slowlog-max-len, value: "129" }
    undo: none
`;

let lab: TestLab;
let runbook = "";
beforeAll(async () => {
  lab = await bringUpLab({ name: "two", topology: "replication", replicas: 1 });
  await lab.kill("r2");
  runbook = join(lab.root, "primary-only.yaml");
  await writeFile(runbook, RUNBOOK);
});
afterAll(() => lab?.down());

it("of two hosts, of which one is down, is refused a run, unless the operator says that nobody else is at work", async () => {
  const argv = ["run", runbook, "--yes", "--file", lab.file];
  const refused = await redisha([...argv, "--json"]);
  expect(refused.code).toBe(6);
  const { error } = JSON.parse(refused.stdout);
  expect(error.code).toBe("LOCK_NO_MAJORITY");
  expect(error.next.join("\n")).toContain("--lock-minority");
  const ran = await redisha([...argv, "--lock-minority", "--json"]);
  expect(JSON.parse(ran.stdout)).toMatchObject({ ok: true, result: { status: "done" } });
});
