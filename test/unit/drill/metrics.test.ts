import { expect, test } from "vitest";
import { renderBackupMetrics, renderHealthMetrics } from "../../../src/backup/metrics.ts";
import { renderDrillMetrics } from "../../../src/drill/metrics.ts";

const DAY = "2026-06-";
const drill = (deployment: string, day: string, good: boolean) => ({
  ...{ deployment, good, started_at: `${DAY}${day}T00:00:00Z` },
  write_outage_ms: good ? 7_010 : null,
  lost_writes: good ? 0 : 3,
});

test("the newest drill of each deployment is told, and when the last one was that went well", () => {
  const text = renderDrillMetrics(
    [drill("shop", "03", false), drill("cart", "02", false), drill("shop", "01", true)],
    "1.2.3",
  );
  const at = (day: string) => Date.parse(`${DAY}${day}T00:00:00Z`) / 1_000;
  expect(text.split("\n").filter((line) => !line.startsWith("#"))).toEqual([
    `redisha_drill_last_timestamp_seconds{deployment="shop"} ${at("03")}`,
    `redisha_drill_last_timestamp_seconds{deployment="cart"} ${at("02")}`,
    'redisha_drill_last_good{deployment="shop"} 0',
    'redisha_drill_last_good{deployment="cart"} 0',
    `redisha_drill_last_good_timestamp_seconds{deployment="shop"} ${at("01")}`,
    'redisha_drill_last_lost_writes{deployment="shop"} 3',
    'redisha_drill_last_lost_writes{deployment="cart"} 3',
    'redisha_build_info{version="1.2.3",file="drills"} 1',
    "",
  ]);
});

test("no metric stands twice with the same labels where backups, checks and drills write into one folder", () => {
  const about = { deployment: "shop", redishaVersion: "1.2.3", exit: 0 };
  const health = { atMs: 1, backups: {}, bytes: 0, newestMs: null, verifiedMs: null, followed: null, findings: {} };
  const files = [
    renderDrillMetrics([drill("shop", "01", true)], "1.2.3"),
    renderBackupMetrics({ ...about, finishedMs: 1, durationMs: 1 }),
    renderHealthMetrics({ ...about, ...health }),
  ];
  const samples = files.flatMap((text) => text.match(/^redisha\S*(?= )/gm) ?? []);
  expect(new Set(samples).size).toBe(samples.length);
});
