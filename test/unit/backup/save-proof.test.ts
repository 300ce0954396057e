import { describe, expect, it } from "vitest";
import { judgeSave, readMark } from "../../../src/backup/save-proof.ts";

const before = { inode: "10", modified: "100.000000001", size: 5 };
const after = { inode: "11", modified: "101.000000001", size: 5 };
const header = { magic: "REDIS", version: 10, aux: { ctime: "1000" } };
const good = { before, after, saving: false, statusOk: true, askedAt: 1_000, header };

describe("the proof of a save", () => {
  it("holds for another file that was begun after it was asked for", () => {
    expect(judgeSave(good)).toEqual({ kind: "proved" });
    expect(judgeSave({ ...good, before: undefined })).toEqual({ kind: "proved" });
  });

  it.each([
    ["the file is the one from before, whatever the status says", { after: before }, "again"],
    ["there is no file", { after: undefined }, "again"],
    ["a child still saves", { saving: true }, "again"],
    ["the file was begun before it was asked for", { askedAt: 1_001 }, "again"],
    ["the server says that it failed", { statusOk: false }, "failed"],
    ["the file is none of Redis'", { header: undefined }, "failed"],
    ["the file does not say when it was begun", { header: { ...header, aux: {} } }, "failed"],
  ])("does not hold where %s", (_, over, kind) => {
    expect(judgeSave({ ...good, ...over })).toMatchObject({ kind });
  });

  it("tells two saves in one second by their nanoseconds", () => {
    expect(judgeSave({ ...good, after: { ...before, modified: "100.000000002" } })).toEqual({ kind: "proved" });
  });

  it("reads what stat prints, and nothing into what it does not", () => {
    expect(readMark("10 1795237270.123456789 194\n")).toEqual({
      inode: "10",
      modified: "1795237270.123456789",
      size: 194,
    });
    expect(readMark("absent\n")).toBeUndefined();
  });
});
