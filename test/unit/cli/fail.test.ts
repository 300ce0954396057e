import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CommandFailure, fail } from "../../../src/cli/fail.ts";
import type { Invocation } from "../../../src/cli/invocation.ts";
import type { TextStream } from "../../../src/cli/output/streams.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import { scrubber } from "../../../src/core/scrub.ts";

let state: string;
const before = process.env.REDISHA_STATE_DIR;
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), "redisha-test-fail-"));
  process.env.REDISHA_STATE_DIR = state;
});
afterEach(() => {
  if (before === undefined) delete process.env.REDISHA_STATE_DIR;
  else process.env.REDISHA_STATE_DIR = before;
  rmSync(state, { recursive: true, force: true });
});

describe("the funnel for errors", () => {
  it("writes the stack of a bug to a file that only its owner reads, without secrets, and names the file", async () => {
    scrubber.learn("hunter2-in-a-stack");
    const { invocation, written } = call("table");
    expect(await fail(new Error("oops with hunter2-in-a-stack"), "status", invocation)).toBe(1);
    const path = /Debug log: (\S+)/.exec(written.stderr)?.[1] ?? "";
    expect(path.startsWith(state)).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, "utf8")).toMatch(/command status[\s\S]*oops with ‹secret›[\s\S]*fail\.test\.ts/);
    expect(written.stderr).not.toContain("fail.test.ts");
    expect(written.stdout).toBe("");
  });

  it("says the bug all the same where no debug log can be written", async () => {
    const file = join(state, "a-file");
    writeFileSync(file, "");
    process.env.REDISHA_STATE_DIR = file;
    const { invocation, written } = call("table");
    expect(await fail("just text", "status", invocation)).toBe(1);
    expect(written.stderr).toContain("Error BUG: just text");
    expect(written.stderr).not.toContain("Debug log");
  });

  it("answers in the form that was asked for, with the warnings so far and the error's own exit code", async () => {
    const error = new RedishaError({ code: "LOCK_HELD", message: "another run is on", exit: 5 });
    for (const [format, read] of [
      ["json", JSON.parse],
      ["jsonl", JSON.parse],
    ] as const) {
      const { invocation, written } = call(format);
      expect(await fail(new CommandFailure(error, ["old file"]), "run", invocation)).toBe(5);
      expect(read(written.stdout)).toMatchObject({
        ok: false,
        exit: 5,
        error: { code: "LOCK_HELD" },
        warnings: ["old file"],
      });
      expect(written.stderr).toBe("");
    }
    const { invocation, written } = call("yaml");
    await fail(error, "run", invocation);
    expect(written.stdout).toMatch(/^---\n[\s\S]*code: LOCK_HELD/);
  });
});

function call(format: Invocation["format"]): { invocation: Invocation; written: { stdout: string; stderr: string } } {
  const written = { stdout: "", stderr: "" };
  const stream = (name: "stdout" | "stderr"): TextStream => ({
    write: (text) => {
      written[name] += text;
    },
    isTty: false,
    columns: 80,
    colour: 0,
    unicode: true,
    closed: false,
  });
  const streams = { stdout: stream("stdout"), stderr: stream("stderr"), animate: false };
  return { invocation: { format, quiet: false, verbose: false, debug: false, streams }, written };
}
