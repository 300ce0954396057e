import { stripVTControlCharacters } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { inShell, onTerminal, redisha } from "../../support/redisha.ts";
import { refusedBy } from "../../support/status.ts";

const SHOW_CURSOR = "\u001b[?25h";
const HIDE_CURSOR = "\u001b[?25l";

/** An unhealthy deployment, for it has the most to say: a dead replica, a dead Sentinel. */
let lab: TestLab;
let status: string[];
beforeAll(async () => {
  lab = await bringUpLab({ auth: "acl", downAfterMs: 60_000 });
  await lab.kill("r3:6379");
  await lab.kill("r3:26379");
  status = ["status", "--file", lab.file];
});
afterAll(() => lab?.down());

describe("status of an unhealthy deployment, in a pipe,", () => {
  it("ends quietly for `| head -1`, and its exit status still tells the state", async () => {
    const ended = await inShell(`redisha ${status.join(" ")} | head -1; echo "$\{PIPESTATUS[0]}"`);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/^lab {2}sentinel mymaster .*\n9\n$/);
  });

  it("is one document for jq, with exit 9", async () => {
    const ended = await inShell(
      `redisha ${status.join(" ")} --json | jq -r '.exit, .result.verdict.state, .result.topology.primary_id'; echo "$\{PIPESTATUS[0]}"`,
    );
    expect(ended).toMatchObject({ code: 0, stderr: "", stdout: "9\ndegraded\nr1:6379\n9\n" });
  });

  it("is the same as YAML, as its schemas have it", async () => {
    const { code, stdout, stderr } = await redisha([...status, "-o", "yaml"]);
    expect({ code, stderr }).toEqual({ code: 9, stderr: "" });
    const document: { result: unknown } = parse(stdout);
    expect(await refusedBy("envelope", document)).toBeNull();
    expect(await refusedBy("status", document.result)).toBeNull();
  });

  it("has no escape sequence, and keeps to 80 columns", async () => {
    const { code, stdout } = await redisha(status);
    expect(code).toBe(9);
    expect(stdout).not.toContain("\u001b");
    expect(widest(stdout)).toBeLessThanOrEqual(80);
  });

  it.each([{ LC_ALL: "C" }, { LC_ALL: "", LC_CTYPE: "", LANG: "C" }])("is plain ASCII under %j", async (env) => {
    const { stdout } = await redisha(status, { env });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
    expect(stdout).toMatch(/^[\u0000-\u007f]+$/);
    expect(stdout).toContain("DEGRADED");
  });
});

describe("status of an unhealthy deployment, on a terminal,", () => {
  it.each([60, 80, 200])("fits %i columns", async (columns) => {
    const { code, stdout } = await onTerminal(status, { columns });
    expect(code).toBe(9);
    expect(widest(stdout)).toBeLessThanOrEqual(columns);
    for (const id of ["r1:6379", "r2:6379", "r3:6379"]) expect(stdout).toContain(id);
  });

  it("is coloured, but not under NO_COLOR or TERM=dumb", async () => {
    const [plain, noColour, dumb] = await Promise.all([
      onTerminal(status),
      onTerminal(status, { env: { NO_COLOR: "1" } }),
      onTerminal(status, { env: { TERM: "dumb" } }),
    ]);
    expect(plain.stdout).toContain("\u001b[");
    expect(noColour.stdout).not.toContain("\u001b");
    expect(dumb.stdout).not.toContain("\u001b");
    for (const { code } of [plain, noColour, dumb]) expect(code).toBe(9);
  });

  it("watched, is drawn again and again until q, and the exit status is that of the last look", async () => {
    const shown = await onTerminal([...status, "--watch", "--interval", "200ms"], {
      press: { key: "q", when: (text) => draws(text) > 2 },
    });
    expect(draws(shown.stdout)).toBeGreaterThan(2);
    expect(shown.code).toBe(9);
    expectCursorBack(shown.stdout);
  });

  it("watched, ends at Ctrl-C with 130 and gives the cursor back", async () => {
    const shown = await onTerminal([...status, "--watch", "--interval", "200ms"], {
      press: { key: "\u0003", when: (text) => draws(text) > 1 },
    });
    expect(shown.code).toBe(130);
    expectCursorBack(shown.stdout);
    expect(shown.stdout).not.toMatch(/ at .*\.js:\d+/);
  });
});

function draws(text: string): number {
  return text.split("Every 200ms").length - 1;
}

function expectCursorBack(shown: string): void {
  expect(shown).toContain(HIDE_CURSOR);
  expect(shown.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(shown.lastIndexOf(HIDE_CURSOR));
}

/** Columns of the longest line, but for commands to copy: those are never broken. */
function widest(text: string): number {
  const lines = stripVTControlCharacters(text).split(/\r?\n/);
  return Math.max(...lines.filter((line) => !line.startsWith("    → ")).map(displayWidth));
}
