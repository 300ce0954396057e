import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { known, onServers, passIf, sentinelOf } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

/**
 * One second was seen to be too short: a Sentinel reconnects at most once a second, and in 2 of 29 crashes two of them held
 * whoever had just taken over to be down before their new connections had answered, and promoted another one.
 */
export const sentinelDownAfter = defineCheck({
  id: "sentinel-down-after",
  title: "Sentinels wait neither too short nor too long for an answer",
  why: "A Sentinel connects once a second at most: with a down-after as short as that it holds whoever has just taken over to be down, and a second failover loses what was written meanwhile. With a long one nothing can be written for as long.",
  how: "down-after-milliseconds of SENTINEL MASTER, of each Sentinel.",
  mend: ["set sentinel.down_after in redisha.yaml, then: redisha init --only sentinel"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({
    least: duration("2s", "down-after at least"),
    most: duration("1m", "down-after at most"),
  }),
  wanted: ({ least, most }) => `between ${formatDuration(least)} and ${formatDuration(most)}`,
  judge: (facts, { least, most }) =>
    onServers(facts, "sentinel", (server) => {
      const { masterName = "the group" } = facts.deployment;
      const sentinel = sentinelOf(facts, server);
      const waits = known(sentinel.down_after_ms, `it does not watch ${masterName}`);
      const next = [`${sentinel.redis_cli} SENTINEL SET ${masterName} down-after-milliseconds 5000`];
      return passIf(waits >= least && waits <= most, formatDuration(waits), { next });
    }),
});
