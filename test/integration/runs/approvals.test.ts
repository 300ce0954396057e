import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { storySchema } from "../../../src/report/story.ts";
import { runbookText } from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { onTerminal, redisha } from "../../support/redisha.ts";
import { writeTuneRunbook } from "../../support/tune-runbook.ts";

let lab: TestLab;
let runbook: string;

beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication", ssh: false });
  runbook = await writeTuneRunbook(
    lab.file,
    "careful",
    `  - { id: sure, action: confirm, with: { message: Do the dashboards look well } }
  - id: crosses
    action: redis.command
    targets: { role: primary }
    point_of_no_return: true
    with: { command: [RPUSH, log, crossed] }
    undo: none`,
  );
});
afterAll(() => lab.down());

const run = (...argv: string[]) => ["run", runbook, "--file", lab.file, ...argv];
const story = async () =>
  storySchema.parse(JSON.parse((await redisha(["runs", "show", "last", "--json"])).stdout).result);

describe("what must be agreed to", () => {
  it("is asked on the terminal, one question after the other, and every answer is in the journal", async () => {
    const { code, stdout } = await onTerminal(run(), {
      type: [
        { text: "y\r", after: "[y/N]" },
        { text: "yes\r", after: "[y/N]" },
        { text: "lab\r", after: "Type lab to go on" },
      ],
    });
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const { approvals, point_of_no_return } = await story();
    expect(approvals.map(({ what, how }) => [what, how])).toEqual([
      ["Run careful on lab? It disrupts clients for a while.", "answered yes"],
      ["Do the dashboards look well", "answered yes"],
      [expect.stringContaining("Step crosses is the point of no return"), "typed lab"],
    ]);
    expect(point_of_no_return).toBe("crosses");
    const back = await redisha(["runs", "rollback", "last", "--yes"]);
    expect(back).toMatchObject({ code: 4 });
    expect(back.stderr).toContain("ROLLBACK_TOO_LATE");
  });

  it("is agreed to by flags where there is no terminal, and refused without, naming the flag", async () => {
    const before = await redisha(run());
    expect(before.code).toBe(4);
    expect(before.stderr).toContain("nothing was touched");
    expect(before.stderr).toContain("--yes");
    const half = await redisha(run("--yes"));
    expect(half, half.stderr).toMatchObject({ code: 4 });
    expect(half.stderr).toContain("--confirm=lab");
    expect(half.stderr).toMatch(/go on: redisha runs resume/);
    const on = await redisha(["runs", "resume", "last", "--yes", "--confirm=lab"]);
    expect(on.code).toBe(0);
    expect((await story()).approvals.map(({ how }) => how)).toEqual([
      ...["--yes", "--yes"],
      ...["--yes", "--yes", "--confirm=lab"],
    ]);
  });

  it("pauses the run when Ctrl-C is the answer to a question on its way", async () => {
    const { code, stdout } = await onTerminal(run("--yes", "--input", "dwell=0.2"), {
      type: [{ text: "\u0003", after: "Type lab to go on" }],
    });
    expect({ code, stdout }).toMatchObject({ code: 130 });
    expect(stdout).not.toContain("outcome unknown");
    const { state, point_of_no_return, error } = await story();
    expect({ state, point_of_no_return }).toEqual({ state: "paused", point_of_no_return: null });
    expect(error?.state).toMatch(/^step crosses was not begun; changed so far: settle on r1:6379/);
    expect(await redisha(["runs", "rollback", "last", "--yes"])).toMatchObject({ code: 0 });
  });
});

describe("what is shown on a terminal while a run goes on", () => {
  it("has a sign of its own for a warning, which nobody takes for something that went well", async () => {
    const warns = join(dirname(lab.file), "warns.yaml");
    await writeFile(warns, runbookText("steps:\n  - { id: guard, action: guard.backup, with: {} }\n"));
    const { code, stdout } = await onTerminal(["run", warns, "--file", lab.file, "--yes"]);
    expect({ code, stdout }).toMatchObject({ code: 0 });
    const drawn = stripVTControlCharacters(stdout).split(/\r?\n/);
    // Before it is shown for good it may be drawn as something that is going to come.
    const last = drawn.findLastIndex((line) => line.includes("warning:"));
    expect(drawn[last]).toMatch(/^▲ warning: redisha.yaml names no/);
    const words = drawn
      .slice(last, last + 3)
      .join(" ")
      .replace(/ +/g, " ");
    expect(words, "all of it, over the width of the terminal").toContain("whether there is one is not known");
  });
});
