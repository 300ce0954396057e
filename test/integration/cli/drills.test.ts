import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { analyse } from "../../../src/drill/analyse.ts";
import { keepDrillReport } from "../../../src/drill/history.ts";
import type { Recording } from "../../../src/drill/recording.ts";
import { drillReportSchema } from "../../../src/drill/report-schema.ts";
import { inShell, redisha } from "../../support/redisha.ts";

let state: string;
let env: Record<string, string>;

beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), "redisha-test-drills-"));
  env = { REDISHA_STATE_DIR: state };
  const zipped = await readFile(new URL("../../fixtures/drills/crash.json.gz", import.meta.url));
  const recording = JSON.parse(gunzipSync(zipped).toString()) as Recording;
  const many = recording.probes.flatMap((probe) =>
    Array.from({ length: 16 }, (_, index) => ({ ...probe, name: `${probe.kind}-${index}` })),
  );
  for (const each of [recording, { ...recording, run: "many", started_at: "2026-11-22T00:00:00.000Z", probes: many }]) {
    await keepDrillReport(analyse(each), each, env);
  }
});
afterAll(() => rm(state, { recursive: true, force: true }));

describe("drills on the command line", () => {
  it("are listed, shown and compared, for people and for machines", async () => {
    const list = await redisha(["drills", "list", "--json"], { env });
    expect(JSON.parse(list.stdout).result.drills).toHaveLength(2);
    const shown = await redisha(["drills", "show", "2a346b", "--json"], { env });
    expect(drillReportSchema.parse(JSON.parse(shown.stdout).result).figures.lost_writes).toBe(0);
    const compared = await redisha(["drills", "compare", "2a346b", "last"], { env });
    expect(compared).toMatchObject({ code: 0, stderr: "" });
    expect(compared.stdout).toContain("write outage");
  });

  it("are written as a page, whole", async () => {
    const page = join(state, "drill.html");
    const { code, stdout } = await redisha(["drills", "show", "last", "--format", "html", "--output", page], { env });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(await readFile(page, "utf8")).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
  });

  it("come whole through a pipe that is read late, however long they are", async () => {
    const { stdout } = await inShell("redisha drills show many --json | (sleep 0.5; cat)", { env });
    expect(stdout.length).toBeGreaterThan(65_536);
    expect(JSON.parse(stdout).ok).toBe(true);
  });

  it("that are not there are a matter of usage", async () => {
    const { code, stderr } = await redisha(["drills", "show", "nobody"], { env });
    expect(code).toBe(2);
    expect(stderr).toContain("DRILL_NOT_FOUND");
  });
});
