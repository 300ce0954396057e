import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderComparison } from "../../../src/cli/drills/render-compare.ts";
import { renderDrills } from "../../../src/cli/drills/render-list.ts";
import { renderDrill } from "../../../src/cli/drills/render-show.ts";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { analyse } from "../../../src/drill/analyse.ts";
import { findDrill, keepDrillReport } from "../../../src/drill/history.ts";
import { lastGoodDrill } from "../../../src/drill/past.ts";
import type { Recording } from "../../../src/drill/recording.ts";
import type { DrillPolicy } from "../../../src/inventory/model.ts";
import { comparisonHtml } from "../../../src/report/drill/compare-html.ts";
import { compareDrills, listDrills, showDrill } from "../../../src/use-cases/drills.ts";
import { hang } from "./hand-made.ts";

let env: NodeJS.ProcessEnv;
let state: string;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), "drills-"));
  env = { REDISHA_STATE_DIR: state };
});
afterEach(() => rm(state, { recursive: true }));

/** Keeps a drill of a month of 2026. */
async function keep(month: number, { policy, ...changed }: Partial<Recording> & { policy?: DrillPolicy } = {}) {
  const day = `2026-${String(month).padStart(2, "0")}-01`;
  const run = `${day.replaceAll("-", "")}-020000-abc${String(month).padStart(3, "0")}`;
  const recording = { ...hang(), started_at: `${day}T02:00:00.000Z`, run, ...changed };
  await keepDrillReport(analyse(recording, policy), recording, env);
  return recording;
}

describe("the history of drills", () => {
  it("keeps the report and everything that was recorded, for its owner alone", async () => {
    const recording = await keep(1);
    const kept = await findDrill("shop", recording.run, env);
    expect(kept?.report).toEqual(analyse(recording));
    const zipped = await readFile(join(kept?.directory ?? "", "recording.json.gz"));
    expect(JSON.parse(gunzipSync(zipped).toString())).toEqual(recording);
  });

  it("lists the newest first, as many as are wanted", async () => {
    for (const month of [2, 3, 1]) await keep(month);
    await keep(4, { deployment: "other" });
    const { drills, more } = await listDrills(env, { deployment: "shop", limit: 2 });
    expect(drills.map(({ started_at }) => started_at.slice(0, 7))).toEqual(["2026-03", "2026-02"]);
    expect(more).toBe(true);
    expect((await listDrills(env, { mode: "crash" })).drills).toEqual([]);
  });

  it("is empty where there was no drill", async () => {
    expect(await listDrills(env)).toEqual({ drills: [], more: false, skipped: [] });
    await expect(showDrill("last", env)).rejects.toMatchObject({ code: "DRILL_NOT_FOUND", exit: 2 });
    await expect(compareDrills([], env)).rejects.toMatchObject({ code: "DRILL_NOT_FOUND" });
  });

  it("leaves out what is damaged, foreign or of another drill, and says so", async () => {
    const { run } = await keep(1);
    const at = (name: string) => join(state, "drills", "shop", name);
    const whole = await readFile(join(at(run), "report.json"), "utf8");
    for (const [name, text] of [
      ["cut", whole.slice(0, 500)],
      ["foreign", '{"schema": 2}'],
      ["copied", whole],
    ] as const) {
      await mkdir(at(name));
      await writeFile(join(at(name), "report.json"), text);
    }
    await mkdir(at("empty"));
    await writeFile(at("notes.txt"), "not a folder");
    const { drills, skipped } = await listDrills(env);
    expect(drills).toHaveLength(1);
    expect(Object.fromEntries(skipped.map(({ path, why }) => [path.slice(at("").length + 1), why]))).toEqual({
      cut: expect.stringContaining("damaged"),
      foreign: expect.stringContaining("not one that this redisha reads: schema"),
      copied: expect.stringContaining("does not belong here"),
      empty: expect.stringContaining("no report.json"),
    });
  });

  it("finds a drill by its id, a part of it, or as the last one", async () => {
    await keep(1);
    await keep(2);
    expect((await showDrill("last", env)).report.run).toContain("abc002");
    expect((await showDrill("abc001", env)).report.run).toContain("abc001");
    await expect(showDrill("abc", env)).rejects.toThrow(/could be/);
    await expect(showDrill("nobody", env)).rejects.toThrow(/There is no drill nobody/);
  });

  it("compares those named, or the newest ones, the oldest first", async () => {
    for (const month of [1, 2, 3]) await keep(month);
    const runs = async (wanted: string[], limit?: number) =>
      (await compareDrills(wanted, env, { limit })).reports.map(({ run }) => run.slice(-3));
    expect(await runs(["last", "abc001"])).toEqual(["001", "003"]);
    expect(await runs([], 2)).toEqual(["002", "003"]);
    expect(await runs(["last", "last"])).toEqual(["003"]);
  });
});

describe("the last good drill", () => {
  it("is the newest one within its budget, of a kind if that is asked for", async () => {
    await keep(1, { policy: { lostWrites: 0 } });
    await keep(2, { policy: { lostWrites: 0 }, mode: "crash" });
    await keep(3, { policy: { writeOutageMs: 1 } });
    expect((await lastGoodDrill("shop", env)).drill).toMatchObject({ mode: "crash", lost_writes: 0 });
    expect((await lastGoodDrill("shop", env, { mode: "hang" })).drill?.at).toContain("2026-01-01");
    expect((await lastGoodDrill("other", env)).drill).toBeUndefined();
  });

  it("is, without a budget, one that lost nothing; one that broke nothing is none", async () => {
    await keep(1, { mode: "none" });
    await keep(2, { read_backs: [] });
    expect((await lastGoodDrill("shop", env)).drill).toBeUndefined();
    await keep(3);
    expect((await lastGoodDrill("shop", env)).drill?.at).toContain("2026-03-01");
  });
});

describe("drills on a terminal", () => {
  const widest = (text: string) => Math.max(...text.split("\n").map(displayWidth));

  it("fit into 80 columns", async () => {
    for (const month of [1, 2, 3, 4, 5, 6, 7, 8, 9]) await keep(month);
    const look = { theme: PLAIN_THEME, width: 80 };
    const { drills } = await listDrills(env);
    const { reports } = await compareDrills([], env);
    expect(widest(renderDrills(drills, { ...look, now: Date.parse("2026-10-01") }))).toBeLessThanOrEqual(80);
    expect(widest(renderComparison(reports, look))).toBeLessThanOrEqual(80);
    expect(widest(renderDrill((await showDrill("last", env)).report, look))).toBeLessThanOrEqual(80);
  });

  it("show the trend of outage and loss", async () => {
    await keep(1);
    await keep(2, { read_backs: hang().read_backs.map((each) => ({ ...each, lost: [1] })) });
    const text = renderDrills((await listDrills(env)).drills, { theme: PLAIN_THEME, now: Date.parse("2026-10-01") });
    expect(text).toContain("shop hang 2026-01-01 to 2026-02-01\n  outage  ██  at most 6.21s\n  lost    ▁█  at most 3");
  });

  it("are drawn over time on a page that asks nothing of a network", async () => {
    await keep(1, { policy: { writeOutageMs: 6_000 } });
    await keep(2);
    const page = comparisonHtml((await compareDrills([], env)).reports);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)|\b(?:src|href)=/i);
    expect(page).toContain('class="over"');
    expect(page).not.toMatch(/undefined|NaN/);
  });
});
