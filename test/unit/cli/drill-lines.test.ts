import { describe, expect, it } from "vitest";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { PLAIN_THEME, themeFor } from "../../../src/cli/output/theme.ts";
import { DrillLines, type DrillSample, phaseText } from "../../../src/cli/render/drill-lines.ts";
import { plainLines } from "../../../src/cli/render/plain.ts";

const START = Date.parse("2026-11-01T02:00:00.000Z");

function sample(tick: number, acked: number, failed: number, name = "re-resolve"): DrillSample {
  return {
    type: "drill_sample",
    at: new Date(START + tick * 250).toISOString(),
    run: "r",
    probes: [{ name, acked, failed, latency_ms: acked > 0 ? 1.25 : null }],
  };
}

describe("probes on the screen", () => {
  it("are a bar per sample, a cross where all failed, a dot where nothing came", () => {
    const lines = new DrillLines(PLAIN_THEME);
    for (const [tick, [acked, failed]] of [
      [200, 0],
      [100, 0],
      [0, 3],
      [0, 0],
      [200, 0],
    ].entries()) {
      lines.hear(sample(tick, acked ?? 0, failed ?? 0));
    }
    expect(lines.lines(60)[0]).toMatch(/^re-resolve █▄✖·█ +800\/s 1\.3ms$/);
  });

  it("say for how long there was no acknowledgement", () => {
    const lines = new DrillLines(PLAIN_THEME);
    lines.hear(sample(0, 10, 0));
    for (let tick = 1; tick <= 10; tick += 1) lines.hear(sample(tick, 0, 1));
    expect(lines.lines(60)[0]).toContain("none for 2.5s");
  });

  it.each([80, 120])("fit into %i columns however long they run", (width) => {
    const lines = new DrillLines(PLAIN_THEME);
    for (let tick = 0; tick < 600; tick += 1) {
      lines.hear(sample(tick, tick % 7 === 0 ? 0 : 12_345, tick % 5, "a-probe-with-a-very-long-name"));
    }
    for (const line of lines.lines(width)) expect(displayWidth(line)).toBeLessThanOrEqual(width);
  });

  it("can be told apart without Unicode and colour", () => {
    const lines = new DrillLines(themeFor({ colour: 0, unicode: false }));
    for (const [tick, acked] of [200, 20, 0].entries()) lines.hear(sample(tick, acked, acked === 0 ? 1 : 0));
    expect(lines.lines(60)[0]).toMatch(/^re-resolve #\.X /);
  });

  it("share a line where there are many of a kind", () => {
    const lines = new DrillLines(PLAIN_THEME);
    const one = { acked: 10, failed: 0, latency_ms: 1 };
    const names = [...Array.from({ length: 16 }, (_, index) => `re_resolve-${index + 1}`), "reader-1"];
    lines.hear({ ...sample(0, 0, 0), probes: names.map((name) => ({ name, ...one })) });
    expect(lines.lines(60).map((line) => line.replace(/ +█? +/, " "))).toEqual([
      "re_resolve x16 640/s 1.0ms",
      "reader 40/s 1.0ms",
    ]);
  });

  it("are over when nothing was heard of them for a while", () => {
    const lines = new DrillLines(PLAIN_THEME);
    lines.hear(sample(0, 1, 0));
    expect(lines.isOver(START + 1_000)).toBe(false);
    expect(lines.isOver(START + 2_500)).toBe(true);
  });
});

describe("a phase on a line", () => {
  const base = { type: "drill_phase" as const, at: "", run: "r" };

  it("has its time after the fault, to a hundredth of a second", () => {
    expect(phaseText({ ...base, phase: "sdown", after_ms: 5_021.4, detail: "r3:26379" }, PLAIN_THEME)).toBe(
      "+5.02s detected (+sdown) r3:26379",
    );
    expect(phaseText({ ...base, phase: "writes_paused", after_ms: null, detail: "" }, PLAIN_THEME)).toBe(
      "writes paused",
    );
  });

  it("stands in a log with what the probes did, every five seconds", () => {
    const lines = plainLines(PLAIN_THEME, { verbose: false });
    const written: string[] = [];
    for (let tick = 0; tick <= 45; tick += 1) written.push(...lines(sample(tick, 10, tick === 3 ? 2 : 0)));
    expect(written).toEqual([
      "2026-11-01T02:00:05Z probes in 5s: re-resolve 210 acknowledged, 2 failed",
      "2026-11-01T02:00:10Z probes in 5s: re-resolve 200 acknowledged",
    ]);
  });
});
