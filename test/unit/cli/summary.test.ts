import { describe, expect, it } from "vitest";
import { themeFor } from "../../../src/cli/output/theme.ts";
import { renderSummary } from "../../../src/cli/render/summary.ts";
import type { RunSummary } from "../../../src/use-cases/run-runbook.ts";

const DONE: RunSummary = {
  run: "20260102T030405Z-abcdef",
  runbook: "switchover",
  deployment: "shop",
  status: "done",
  exit: 0,
  duration_ms: 2_600,
  tolerated_failures: 0,
  left_out: [],
  error: null,
  outputs: {},
  rollback: null,
  journal: null,
};

const shown = (outputs: RunSummary["outputs"]) =>
  renderSummary({ ...DONE, outputs }, themeFor({ colour: 0, unicode: false }))
    .split("\n")
    .slice(1);

describe("how a run ended", () => {
  it("says what it found, a line each", () => {
    expect(shown({ to: "r2:6379", moved: 0, slots: [], lost: { acked: 860, lost: null } })).toEqual([
      "  to     r2:6379",
      "  moved  0",
      "  slots  []",
      '  lost   {"acked":860,"lost":null}',
    ]);
  });

  it("says several texts one behind the other", () => {
    expect(shown({ moved: ["r2:6379", "r1:6379"], slots: [5, 6] })).toEqual([
      "  moved  r2:6379, r1:6379",
      "  slots  [5,6]",
    ]);
  });

  it("keeps quiet about what it does not know", () => {
    expect(shown({ to: "r2:6379", writes: { node: null, by_probe: { acked: null } }, backup: null })).toEqual([
      "  to  r2:6379",
    ]);
  });

  it("does not call it failed where a gate refused what was asked for", () => {
    const theme = themeFor({ colour: 0, unicode: false });
    const first = (exit: RunSummary["exit"]) =>
      renderSummary({ ...DONE, status: "failed", exit }, theme).split("\n")[0];
    expect([first(4), first(1)]).toEqual([
      expect.stringContaining("refused switchover on shop"),
      expect.stringContaining("failed switchover on shop"),
    ]);
  });
});
