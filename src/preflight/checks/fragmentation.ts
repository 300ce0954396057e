import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { figure, onServers, passIf, skip } from "../findings.ts";
import { bytes } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const fragmentation = defineCheck({
  id: "fragmentation",
  title: "Memory is not in splinters",
  why: "maxmemory counts what keys take, and not what the process takes of the host: with much fragmentation the kernel ends a server that is far below its limit.",
  how: "mem_fragmentation_ratio of INFO, on servers with enough data for it to mean something.",
  mend: [
    "redis-cli CONFIG SET activedefrag yes, where the server was built with it",
    "restart replicas, and switch over",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/",
  reads: ["servers"],
  limits: z.strictObject({
    most: z.number().min(1).default(1.5).describe("mem_fragmentation_ratio at most"),
    from: bytes("100mb", "used_memory from which on it is looked at"),
  }),
  wanted: ({ most }) => `a ratio of at most ${most}`,
  judge: (facts, { most, from }) =>
    onServers(facts, "data", (server) => {
      const used = figure(server, "used_memory");
      if (used < from) return skip(`${formatBytes(used)} are too few to tell`);
      const ratio = figure(server, "mem_fragmentation_ratio");
      return passIf(ratio <= most, `${ratio} of ${formatBytes(used)}`);
    }),
});
