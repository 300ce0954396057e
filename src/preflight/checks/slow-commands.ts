import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { known, onServers, pass, passIf } from "../findings.ts";
import { count, duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const slowCommands = defineCheck({
  id: "slow-commands",
  title: "No command keeps others waiting",
  why: "One thread serves everybody. A command that takes seconds delays all others, replication and the answers to Sentinel: it may be held for dead.",
  how: "SLOWLOG GET of every data node; commands only, never their arguments.",
  mend: ["redis-cli SLOWLOG GET names the caller", "use SCAN for KEYS, UNLINK for DEL, and smaller ranges"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/",
  reads: ["servers"],
  limits: z.strictObject({
    slower: duration("100ms", "A command that takes longer counts"),
    within: duration("1d", "How far back"),
    most: count(0, "How many there may be"),
  }),
  wanted: ({ slower, within, most }) =>
    `at most ${most} above ${formatDuration(slower)} within ${formatDuration(within)}`,
  judge: (facts, { slower, within, most }) =>
    onServers(facts, "data", ({ slow, refused }) => {
      const entries = known(slow, `SLOWLOG was refused: ${refused["SLOWLOG GET"] ?? "no reason given"}`);
      const since = facts.nowMs - within;
      const counted = entries.filter(
        ({ at_s, microseconds }) => at_s * 1_000 >= since && microseconds / 1_000 > slower,
      );
      const [worst] = counted.toSorted((a, b) => b.microseconds - a.microseconds);
      if (!worst) return pass("none");
      return passIf(
        counted.length <= most,
        `${counted.length}, the slowest ${worst.command} with ${formatDuration(worst.microseconds / 1_000)}`,
      );
    }),
});
