import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { figure, onServers, passIf } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const slowFork = defineCheck({
  id: "slow-fork",
  title: "A fork does not stop the server for long",
  why: "Nothing is answered while the kernel copies the page table. On virtual machines that took seconds for each 10 GiB once, and Sentinel fails over meanwhile.",
  how: "latest_fork_usec of INFO: how long the last fork took.",
  mend: [
    "use a smaller maxmemory and more shards",
    "raise sentinel.down_after above it",
    "redisha run init-os switches huge pages off",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/",
  reads: ["servers"],
  limits: z.strictObject({ most: duration("500ms", "Of the last fork at most") }),
  wanted: ({ most }) => `at most ${formatDuration(most)}`,
  judge: (facts, { most }) =>
    onServers(facts, "data", (server) => {
      const took = figure(server, "latest_fork_usec") / 1_000;
      return passIf(took <= most, took === 0 ? "it has not forked yet" : formatDuration(took));
    }),
});
