import type { Findings } from "./findings.ts";
import type { LenientDeployment } from "./lenient-view.ts";
import { DEFAULT_PORT, placed } from "./placement.ts";

/** What a set of Sentinels can and cannot survive, as declared. */
export function checkSentinels(view: LenientDeployment, found: Findings): void {
  const sentinels = placed(view.sentinel, DEFAULT_PORT.sentinel).length;
  if (view.topology !== "sentinel" || sentinels === 0) return;
  const quorum = view.sentinel?.quorum;
  const majority = Math.floor(sentinels / 2) + 1;
  if (quorum !== undefined && quorum > sentinels) {
    found.error(["sentinel", "quorum"], `a quorum of ${quorum} can never be met by ${count(sentinels)}`, {
      hint: `the majority is ${majority}`,
    });
  } else if (quorum === 1 && sentinels > 1) {
    found.warn(
      ["sentinel", "quorum"],
      "with a quorum of 1, one Sentinel that is cut off starts failovers of a healthy primary",
      `the majority is ${majority}`,
    );
  }
  if (sentinels < 3) {
    found.warn(
      ["sentinel", "on"],
      `${count(sentinels)} cannot fail over once one is lost`,
      "run three, on three hosts",
    );
  } else if (sentinels % 2 === 0) {
    const message = `${sentinels} Sentinels survive no more losses than ${sentinels - 1}: the majority is ${majority}`;
    found.warn(["sentinel", "on"], message, "run an odd number");
  }
  if (placed(view.redis, DEFAULT_PORT.redis).length === 1) {
    found.warn(["redis", "on"], "there is no replica that Sentinel could promote");
  }
}

function count(sentinels: number): string {
  return sentinels === 1 ? "1 Sentinel" : `${sentinels} Sentinels`;
}
