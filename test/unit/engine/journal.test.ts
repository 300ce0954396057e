import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { scrubber } from "../../../src/core/scrub.ts";
import { Journal } from "../../../src/engine/journal.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "redisha-journal-"));
});

afterEach(() => rm(directory, { recursive: true, force: true }));

const intent = (target: string) =>
  ({
    kind: "intent",
    step: "write",
    target,
    attempt: 1,
    effect: "change",
    undo: false,
    commands: ["SET a 1"],
  }) as const;

describe("the journal of a run", () => {
  it("chains every line to the one before it by its SHA-256", async () => {
    const journal = await Journal.create(directory, "run-1");
    await Promise.all(["r1", "r2", "r3"].map((target) => journal.append(intent(target))));
    await journal.close();
    const lines = (await readFile(journal.path, "utf8")).trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line) as { seq: number; prev: string; target: string });
    expect(records.map(({ seq, target }) => [seq, target])).toEqual([
      [1, "r1"],
      [2, "r2"],
      [3, "r3"],
    ]);
    const digests = lines.map((line) => createHash("sha256").update(line).digest("hex"));
    expect(records.map(({ prev }) => prev)).toEqual(["", digests[0], digests[1]]);
  });

  it("masks a known secret in whatever form it appears", async () => {
    scrubber.learn("pa'ss\"w%rd");
    const journal = await Journal.create(directory, "run-2");
    await journal.append({
      ...intent("r1"),
      commands: ["AUTH pa'ss\"w%rd", `url redis://:${encodeURIComponent("pa'ss\"w%rd")}@r1`],
    });
    await journal.close();
    const text = await readFile(journal.path, "utf8");
    expect(text).toContain("AUTH ‹secret›");
    expect(text).toContain("redis://:‹secret›@r1");
  });

  it("keeps a huge output out of the file and says so", async () => {
    const journal = await Journal.create(directory, "run-3");
    await journal.append({
      kind: "outcome",
      step: "s",
      target: "r1",
      attempt: 1,
      status: "ok",
      undo: false,
      duration_ms: 1,
      outputs: { reply: "x".repeat(100_000) },
    });
    await journal.close();
    const text = await readFile(journal.path, "utf8");
    expect(text.length).toBeLessThan(1_000);
    expect(text).toContain("dropped: longer than 64 KiB");
  });

  it("refuses to start where the directory cannot be written, and says what to do", async () => {
    await writeFile(join(directory, "a-file"), "");
    await expect(Journal.create(join(directory, "a-file", "runs"), "run-4")).rejects.toMatchObject({
      code: "JOURNAL_UNWRITABLE",
      message: expect.stringContaining("cannot be written: not a directory"),
      state: "the op that was about to start was not started",
      next: expect.arrayContaining([`df -h ${join(directory, "a-file")}`]),
    });
  });
});
