import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { analyse } from "../../../src/drill/analyse.ts";
import type { Phase } from "../../../src/drill/report-schema.ts";
import { drillHtml } from "../../../src/report/drill/html.ts";
import { drillMarkdown } from "../../../src/report/drill/markdown.ts";
import { placeLabels } from "../../../src/report/drill/phase-labels.ts";
import { hang, QUIET } from "./hand-made.ts";

const BUDGET = { writeOutageMs: 6_000, lostWrites: 0, recoveryMs: 60_000 };

describe("the page of a drill", () => {
  it("asks nothing of a network and runs nothing", () => {
    const page = drillHtml(analyse(hang(), BUDGET));
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|\b(?:src|href)=|\bon\w+=/i);
    expect(page).toContain("default-src 'none'");
  });

  it("says the verdict, the figures and the limits", () => {
    const page = drillHtml(analyse(hang(), BUDGET));
    expect(page).toContain("over budget");
    expect(page).toContain("The write outage was 6.2s, 6s are allowed.");
    expect(page).toContain("sticky 200");
  });

  it("is made of a drill in which nothing happened too", () => {
    expect(drillHtml(analyse(QUIET))).toContain("no budget set");
  });

  it("shows what others wrote as text", () => {
    const marks = [{ at: 5_000, name: "fault", detail: '<b onclick="x">' }];
    expect(drillHtml(analyse({ ...hang(), marks }))).toContain("&lt;b onclick=&quot;x&quot;&gt;");
  });

  it("draws many clients of a kind in one lane", () => {
    const twelve = Array.from({ length: 12 }, (_, index) => index);
    const probes = hang()
      .probes.slice(0, 1)
      .flatMap((probe) => twelve.map((index) => ({ ...probe, name: `re_resolve-${index}` })));
    const page = drillHtml(analyse({ ...hang(), probes }));
    expect(page).toContain(">re_resolve (12)<");
    expect(page.match(/class="name"/g)).toHaveLength(2 * (1 + 1 + 3));
  });

  it("draws no phase outside of the drawing", () => {
    const page = drillHtml(analyse(hang(), BUDGET));
    for (const [svg, width] of page.matchAll(/<svg viewBox="0 0 (\d+)[\s\S]*?<\/svg>/g)) {
      for (const [, x] of svg.matchAll(/\bx[12]?="(-?[\d.]+)"/g)) {
        expect(Number(x)).toBeGreaterThanOrEqual(-0.1);
        expect(Number(x)).toBeLessThanOrEqual(Number(width) + 0.1);
      }
    }
  });
});

describe("labels of phases", () => {
  const anyPhases = fc.array(
    fc.record({
      id: fc.constant("x"),
      label: fc.string({ maxLength: 30 }),
      after_ms: fc.integer({ min: -5_000, max: 60_000 }),
      detail: fc.constant(""),
    }),
    { maxLength: 20 },
  );
  const x = (ms: number) => ((ms + 5_000) / 65_000) * 1_000;

  it("never lie on each other, and no line runs through one that stands right of its own", () => {
    fc.assert(
      fc.property(anyPhases, (phases: Phase[]) => {
        const labels = placeLabels(phases, x, 1_000).map((label) => {
          const width = label.text.length * 5.9;
          return { ...label, from: label.anchor === "start" ? label.x : label.x - width, width };
        });
        for (const [index, one] of labels.entries()) {
          for (const other of labels.slice(index + 1)) {
            const apart = one.from + one.width <= other.from || other.from + other.width <= one.from;
            expect(apart || one.row !== other.row).toBe(true);
            const crossed = one.anchor === "start" && one.from < other.x && other.x < one.from + one.width;
            expect(!crossed || other.row > one.row).toBe(true);
          }
        }
      }),
    );
  });
});

describe("the Markdown of a drill", () => {
  it("fits into a ticket", () => {
    const text = drillMarkdown(analyse(hang(), BUDGET));
    expect(text).toContain("# Drill on shop: hang of the primary");
    expect(text).toContain("| Write outage | **6.21s** | 6s allowed |");
    expect(text).toContain("| 5.50s | promoted | `r2:6379` |");
    expect(text).not.toMatch(/undefined|NaN|\[object/);
  });
});
