import { describe, expect, it } from "vitest";
import { withoutSkips } from "../../../src/cli/render/without-skips.ts";
import type { RunEvent, RunEventBody, StepStatus } from "../../../src/engine/events.ts";

const event = (body: RunEventBody): RunEvent => ({ at: "2026-11-21T00:00:00.000Z", run: "r", ...body });

const started = (step: string) =>
  event({ type: "step_started", step, name: step, action: "set", effect: "read", targets: [], depth: 0 });

const finished = (step: string, status: StepStatus) =>
  event({ type: "step_finished", step, status, duration_ms: 0, reason: "x" });

const op = (step: string, target: string, status: StepStatus) =>
  event({ type: "op_finished", step, target, attempt: 1, status, duration_ms: 0 });

const warning = event({ type: "warning", message: "look" });

function told(events: readonly RunEvent[]): string[] {
  const heard: string[] = [];
  const { sink } = withoutSkips((each) => heard.push("step" in each ? `${each.type} ${each.step}` : each.type));
  for (const each of events) sink(each);
  return heard;
}

describe("what is told of steps that are left out", () => {
  it("is nothing where the condition does not hold, whatever else happens in between", () => {
    const events = [started("a"), warning, finished("a", "skipped_condition"), started("b"), finished("b", "ok")];
    expect(told(events)).toEqual(["warning", "step_started b", "step_finished b"]);
  });

  it("is nothing where it holds for none of the targets, and all where it holds for one", () => {
    const left = [started("a"), op("a", "r1", "skipped_condition")];
    expect(told([...left, op("a", "r2", "skipped_condition"), finished("a", "skipped_condition")])).toEqual([]);
    expect(told([...left, op("a", "r2", "ok"), finished("a", "ok")])).toEqual([
      "step_started a",
      "op_finished a",
      "op_finished a",
      "step_finished a",
    ]);
  });

  it("is their end where they were done in an earlier process", () => {
    expect(told([started("a"), finished("a", "skipped_done")])).toEqual(["step_started a", "step_finished a"]);
  });

  it("does not hold back a block until its own end", () => {
    const events = [started("block"), started("a"), finished("a", "skipped_condition"), finished("block", "ok")];
    expect(told(events)).toEqual(["step_started block", "step_finished block"]);
    expect(told([started("block"), started("a")])).toEqual(["step_started block"]);
  });

  it("is given out when a question interrupts", () => {
    const heard: string[] = [];
    const { sink, release } = withoutSkips((each) => heard.push(each.type));
    sink(started("a"));
    release();
    sink(finished("a", "skipped_condition"));
    expect(heard).toEqual(["step_started", "step_finished"]);
  });
});
