import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { plannedRollbackSchema, runSummarySchema } from "../../../src/cli/runs/results.ts";
import { storySchema } from "../../../src/report/story.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { onTerminal, redisha } from "../../support/redisha.ts";
import { writeTuneRunbook } from "../../support/tune-runbook.ts";

const IDS = ["r1:6379", "r2:6379", "r3:6379"];
let lab: TestLab;
let runbook: string;

beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication", ssh: false });
  runbook = await writeTuneRunbook(lab.file);
});
afterAll(() => lab.down());
beforeEach(async () => {
  for (const id of IDS) await lab.cli(id, "CONFIG", "SET", "slowlog-log-slower-than", "10000");
});

const slowlog = () =>
  Promise.all(IDS.map(async (id) => (await lab.cli(id, "CONFIG", "GET", "slowlog-log-slower-than")).split("\n")[1]));

const resultOf = (stdout: string) => JSON.parse(stdout).result;

/** Runs it until its long step goes on, and sends the signals there, one after the other. */
function stoppedBy(...signals: NodeJS.Signals[]) {
  let sent = false;
  const argv = ["run", runbook, "--file", lab.file, "--yes", "--input", "dwell=2", "-o", "jsonl"];
  return redisha(argv, {
    onStdout: (text, kill) => {
      if (sent || !/"op_started".*"step":"settle"/.test(text)) return;
      sent = true;
      for (const [index, signal] of signals.entries()) setTimeout(() => kill(signal), 100 + index * 300);
    },
  });
}

describe("a run that was killed with SIGKILL", () => {
  it("is listed as interrupted, and resumed from its journal alone, with nothing done twice", async () => {
    expect(await stoppedBy("SIGKILL")).toMatchObject({ signal: "SIGKILL" });
    const list = await redisha(["runs", "list", "--json", "--limit", "1"]);
    expect(resultOf(list.stdout).runs).toMatchObject([{ runbook: "tune", state: "interrupted", exit: null }]);
    const shown = storySchema.parse(resultOf((await redisha(["runs", "show", "last", "--json"])).stdout));
    expect(shown.in_doubt).toEqual([{ step: "settle", target: "r1:6379" }]);

    // No --file: the journal says which redisha.yaml it was.
    const resumed = await redisha(["runs", "resume", "last", "--yes", "--json"]);
    expect(resumed.code).toBe(0);
    expect(runSummarySchema.parse(resultOf(resumed.stdout))).toMatchObject({ status: "done", run: shown.run });
    expect(await slowlog()).toEqual(["4711", "4711", "4711"]);
    const story = storySchema.parse(resultOf((await redisha(["runs", "show", "last", "--json"])).stdout));
    const tuned = story.ops.filter(({ step }) => step !== "settle").map(({ step, target }) => `${step} ${target}`);
    expect(tuned).toEqual(["replicas r2:6379", "replicas r3:6379", "primary r1:6379"]);
    expect(story.sittings.map(({ how }) => how)).toEqual(["run", "resume"]);
    expect(story.approvals.map(({ how }) => how)).toEqual(["--yes", "--yes"]);
  });

  it("is taken back to where it started, after what would be done was shown", async () => {
    await stoppedBy("SIGKILL");
    expect(await slowlog()).toEqual(["10000", "4711", "4711"]);
    const planned = await redisha(["runs", "rollback", "last", "--dry-run", "--json"]);
    expect(plannedRollbackSchema.parse(resultOf(planned.stdout)).ops).toEqual([
      { step: "settle", target: "r1:6379", how: "kept", in_doubt: true, commands: [] },
      ...["r3:6379", "r2:6379"].map((target) => ({
        ...{ step: "replicas", target, how: "undo", in_doubt: false },
        commands: ["CONFIG SET slowlog-log-slower-than 10000"],
      })),
    ]);
    expect(await slowlog()).toEqual(["10000", "4711", "4711"]);

    const unasked = await redisha(["runs", "rollback", "last"]);
    expect(unasked.code).toBe(4);
    expect(unasked.stderr).toContain("--yes");
    const back = await redisha(["runs", "rollback", "last", "--yes"]);
    expect(back.code).toBe(0);
    expect(back.stdout).toContain("✔ rolled back");
    expect(await slowlog()).toEqual(["10000", "10000", "10000"]);
    expect((await redisha(["runs", "resume", "last", "--yes"])).stderr).toContain("RUN_OVER");
  });

  it("is not gone on with where its journal was changed, and verify says which line", async () => {
    await stoppedBy("SIGKILL");
    expect(await redisha(["runs", "verify", "last"])).toMatchObject({ code: 0 });
    const { journal } = resultOf((await redisha(["runs", "show", "last", "--json"])).stdout);
    const text = await readFile(journal, "utf8");
    await writeFile(journal, text.replace("10000", "99999"));
    const verified = await redisha(["runs", "verify", "last", "--json"]);
    expect(verified.code).toBe(10);
    expect(resultOf(verified.stdout).journals[0].fault).toMatch(/^line 4 /);
    expect((await redisha(["runs", "verify", "--all"])).code).toBe(10);
    for (const verb of ["resume", "rollback"]) {
      expect(await redisha(["runs", verb, "last", "--yes"])).toMatchObject({ code: 10 });
    }
    // Also where not even the first line can be read.
    await writeFile(journal, `not a journal\n${text}`);
    expect(resultOf((await redisha(["runs", "list", "--json"])).stdout).runs[0]).toMatchObject({ state: "unreliable" });
    expect((await redisha(["runs", "verify", "last"])).code).toBe(10);
    await writeFile(journal, text);
  });
});

describe("a signal", () => {
  it.each(["SIGHUP", "SIGTERM"] as const)("%s lets the current op end, then pauses with exit 143", async (signal) => {
    const ended = await stoppedBy(signal);
    expect(ended).toMatchObject({ code: 143, signal: null });
    expect(await slowlog()).toEqual(["10000", "4711", "4711"]);
    const story = storySchema.parse(resultOf((await redisha(["runs", "show", "last", "--json"])).stdout));
    expect(story).toMatchObject({ state: "paused", in_doubt: [], exit: 143 });
    expect(story.error?.next.join("\n")).toContain(`redisha runs resume ${story.run}`);
  });

  it("that comes twice cuts the current op short and leaves it in doubt", async () => {
    expect(await stoppedBy("SIGTERM", "SIGTERM")).toMatchObject({ code: 143 });
    const story = storySchema.parse(resultOf((await redisha(["runs", "show", "last", "--json"])).stdout));
    expect(story).toMatchObject({ state: "paused", in_doubt: [{ step: "settle", target: "r1:6379" }] });
  });

  it("from the keyboard pauses too, and the terminal says how to go on", async () => {
    const argv = ["run", runbook, "--file", lab.file, "--yes", "--input", "dwell=2"];
    const { code, stdout } = await onTerminal(argv, { type: [{ text: "\u0003", after: "settle" }] });
    expect(code).toBe(130);
    expect(stdout).toContain("press Ctrl-C again to stop at once");
    expect(stdout).toMatch(/go on: redisha runs resume \d{8}T\d{6}Z-[0-9a-f]{6}/);
    expect(stdout).toContain("or go back: redisha runs rollback");
  });
});

describe("a run that reaches nobody", () => {
  it("is listed as one that failed, and not as one whose process is gone", async () => {
    const elsewhere = join(dirname(lab.file), "elsewhere.yaml");
    await writeFile(elsewhere, (await readFile(lab.file, "utf8")).replaceAll("port: 6379", "port: 6399"));
    const ended = await redisha(["switchover", "--file", elsewhere, "--yes", "--json"]);
    expect(ended).toMatchObject({ code: 6 });
    const { runs } = resultOf((await redisha(["runs", "list", "--json", "--limit", "1"])).stdout);
    expect(runs).toMatchObject([{ runbook: "switchover", state: "failed", exit: 6 }]);
  });
});

describe("an op whose answer never came", () => {
  it("is in doubt, and not held to have failed", async () => {
    const argv = ["run", runbook, "--file", lab.file, "--yes", "--input", "dwell=30", "--json"];
    const ended = await redisha(argv);
    expect(ended.code).toBe(8);
    const story = storySchema.parse(resultOf((await redisha(["runs", "show", "last", "--json"])).stdout));
    expect(story).toMatchObject({ state: "failed", in_doubt: [{ step: "settle", target: "r1:6379" }] });
    expect(story.ops.at(-1)).toMatchObject({ step: "settle", status: "in_doubt", error: { code: "REDIS_TIMEOUT" } });
  });
});
