import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unfinishedText } from "../../../src/cli/runs/unfinished-text.ts";
import { Journal } from "../../../src/engine/journal.ts";
import type { JournalEntry } from "../../../src/engine/journal-entry.ts";
import { operator } from "../../../src/use-cases/operator.ts";
import { findRun, listRuns, showRun, verifyAllRuns, verifyRun } from "../../../src/use-cases/runs.ts";
import { unfinishedRun } from "../../../src/use-cases/unfinished-run.ts";

let directory: string;
let env: NodeJS.ProcessEnv;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "redisha-runs-"));
  env = { REDISHA_STATE_DIR: directory };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** A journal of one run, with what follows its start. */
async function journal(
  run: string,
  differences: Partial<ReturnType<typeof operator>> & { deployment?: string } = {},
  ...rest: JournalEntry[]
) {
  const written = await Journal.create(directory, run);
  await written.append({
    kind: "run_started",
    ...{ schema: 1, run, started_at: "2026-11-21T01:30:15.000Z", runbook: "tune", version: "1.0.0", ref: "/r.yaml" },
    ...{ digest: "sha256:aa", deployment: "shop", inventory: "/redisha.yaml", inputs: {} },
    ...operator(),
    ...differences,
  });
  for (const entry of rest) await written.append(entry);
  await written.close();
  return written.path;
}

const done: JournalEntry = { kind: "run_finished", status: "done", exit: 0 };

describe("a run without an end", () => {
  it("goes on while its process lives, and is interrupted once another process has its pid", async () => {
    await journal("20261121T000001Z-aaaaaa");
    await journal("20261121T000002Z-bbbbbb", { process_started: 1 });
    await journal("20261121T000003Z-cccccc", { boot: "an earlier one" });
    const { runs } = await listRuns(env);
    expect(runs.map(({ state }) => state)).toEqual(["interrupted", "interrupted", "running"]);
  });
});

describe("the list of runs", () => {
  it("has the newest first, filtered, and says when there are more than the limit", async () => {
    await journal("20261121T000001Z-aaaaaa", {}, done);
    await journal("20261121T000002Z-bbbbbb", { deployment: "stage" }, done);
    await journal("20261121T000003Z-cccccc", {}, done);
    const ids = async (filter: Parameters<typeof listRuns>[1]) => {
      const { runs, more } = await listRuns(env, filter);
      return [...runs.map(({ run }) => run.slice(-6)), more];
    };
    expect(await ids({})).toEqual(["cccccc", "bbbbbb", "aaaaaa", false]);
    expect(await ids({ deployment: "shop", limit: 2 })).toEqual(["cccccc", "aaaaaa", false]);
    expect(await ids({ deployment: "shop", limit: 1 })).toEqual(["cccccc", true]);
    expect(await ids({ state: "paused" })).toEqual([false]);
  });

  it("has those of one second in the order of their starts, whatever their ids", async () => {
    const made = ["bbbbbb", "aaaaaa", "cccccc"];
    for (const [index, end] of made.entries()) {
      await journal(`20261121T000001Z-${end}`, {}, done);
      if (index < made.length - 1) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect((await listRuns(env)).runs.map(({ run }) => run.slice(-6))).toEqual(made.reverse());
    expect(await findRun("last", env)).toBe("20261121T000001Z-cccccc");
  });

  it("hides no journal that cannot be read, and verify says what is wrong with it", async () => {
    await journal("20261121T000001Z-aaaaaa", {}, done);
    const broken = await journal("20261121T000002Z-bbbbbb", {}, done);
    await writeFile(broken, "not a journal\n");
    expect((await listRuns(env)).runs.map(({ state }) => state)).toEqual(["unreliable", "done"]);
    expect(await verifyRun("bbbbbb", env)).toMatchObject({ ok: false, exit: 10, lines: 0 });
    expect((await verifyAllRuns(env)).map(({ ok }) => ok)).toEqual([false, true]);
    await expect(showRun("bbbbbb", env)).rejects.toMatchObject({ code: "JOURNAL_UNREADABLE", exit: 10 });
  });
});

describe("the name of a run", () => {
  it("may be any part of it that is unambiguous, or last", async () => {
    await journal("20261121T000001Z-aaaaaa", {}, done);
    await journal("20261121T000002Z-aabbbb", {}, done);
    expect(await findRun("last", env)).toBe("20261121T000002Z-aabbbb");
    expect(await findRun("abbb", env)).toBe("20261121T000002Z-aabbbb");
    expect(await findRun("000001Z", env)).toBe("20261121T000001Z-aaaaaa");
    await expect(findRun("aa", env)).rejects.toThrow(/could be .*aabbbb or .*aaaaaa/);
    await expect(findRun("zz", env)).rejects.toMatchObject({ code: "RUN_NOT_FOUND", exit: 2 });
    await expect(findRun("", env)).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
});

describe("a run that was left in the middle", () => {
  const op = { step: "stop", target: "r1:6379", attempt: 1 };
  const stop = (effect: string): JournalEntry => ({ kind: "intent", ...op, effect, commands: [], undo: false });
  const stopped: JournalEntry = { kind: "outcome", ...op, status: "changed", duration_ms: 1, undo: false };
  const gone = { boot: "an earlier one" };
  const newest = "20261121T000005Z-eeeeee";

  it("is told of with how to go on and back, behind others that are over, change less, or are of another deployment", async () => {
    await journal("20261121T000001Z-aaaaaa", gone, stop("disruptive"), stopped);
    await journal("20261121T000002Z-bbbbbb", { ...gone, deployment: "stage" }, stop("disruptive"), stopped);
    await journal("20261121T000003Z-cccccc", gone, stop("change"), stopped);
    await journal("20261121T000004Z-dddddd", {}, stop("disruptive"), stopped);
    const left = await unfinishedRun("shop", env);
    expect(left).toMatchObject({ run: "20261121T000001Z-aaaaaa", runbook: "tune", state: "interrupted", changes: 1 });
    const text = left && unfinishedText(left);
    expect(text).toContain("tune is not over: it was cut off at ");
    expect(text).toContain("1 change of it stands. Go on: redisha runs resume 20261121T000001Z-aaaaaa; or go back:");
  });

  it("is over once its runbook came to its end in a later run", async () => {
    await journal("20261121T000001Z-aaaaaa", gone, stop("destructive"), stopped);
    expect(await unfinishedRun("shop", env)).toBeDefined();
    await journal(newest, {}, done);
    expect(await unfinishedRun("shop", env)).toBeUndefined();
  });

  it("is told of though its last line was cut short, and though another journal cannot be read", async () => {
    const path = await journal("20261121T000001Z-aaaaaa", gone, stop("disruptive"), stopped);
    await appendFile(path, '{"seq":4,"prev":"');
    await writeFile(await journal(newest, {}, done), "not a journal\n");
    expect(await unfinishedRun("shop", env)).toMatchObject({ run: "20261121T000001Z-aaaaaa" });
  });
});
