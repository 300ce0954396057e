import { describe, expect, it } from "vitest";
import { History } from "../../../src/engine/history.ts";
import type { JournalEntry } from "../../../src/engine/journal-entry.ts";

const op = { step: "replicas[r3:6379].packages", target: "r3", attempt: 1, undo: false };
const intent: JournalEntry = { kind: "intent", ...op, effect: "change", commands: [], before: { versions: "older" } };
const failed: JournalEntry = { kind: "outcome", ...op, status: "failed", duration_ms: 1 };

function historyOf(...entries: JournalEntry[]): History {
  const history = new History();
  for (const entry of entries) history.take(entry);
  return history;
}

describe("an op that failed", () => {
  it("is taken back where it may have done a part, with what it found before its first attempt", () => {
    const once = historyOf(intent, { ...failed, partial: true });
    expect(once.toUndo()).toMatchObject([{ step: op.step, inDoubt: false, before: { versions: "older" } }]);
    const twice = historyOf(intent, { ...failed, partial: true }, { ...intent, before: { versions: "half" } }, failed);
    expect(twice.toUndo()).toMatchObject([{ step: op.step, before: { versions: "older" } }]);
    expect(once.done(op.step, op.target)).toBeUndefined();
  });

  it("is left alone where nothing says so", () => {
    expect(historyOf(intent, failed).toUndo()).toEqual([]);
  });

  it("is not taken back twice", () => {
    const back = { ...op, undo: true };
    const undone: JournalEntry = { kind: "outcome", ...back, status: "changed", duration_ms: 1 };
    expect(historyOf(intent, { ...failed, partial: true }, undone).toUndo()).toEqual([]);
  });
});

describe("an op of which nothing tells how it ended, and that is done again", () => {
  const settled: JournalEntry = {
    kind: "settled",
    ...op,
    took_effect: false,
    by: "it can be done again",
    partial: true,
  };
  const unchanged: JournalEntry = { kind: "outcome", ...op, status: "ok", duration_ms: 1 };

  it("is taken back although it then finds all done, with what it found before its first attempt", () => {
    const history = historyOf(intent, settled, { ...intent, before: { versions: "new" } }, unchanged);
    expect(history.toUndo()).toMatchObject([{ step: op.step, inDoubt: false, before: { versions: "older" } }]);
    expect(history.done(op.step, op.target)).toMatchObject({ status: "ok", changed: true });
  });

  it("is taken back where it was not begun again", () => {
    expect(historyOf(intent, settled).toUndo()).toMatchObject([{ step: op.step, before: { versions: "older" } }]);
    expect(historyOf(intent, settled).done(op.step, op.target)).toBeUndefined();
  });
});
