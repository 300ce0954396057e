import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { known, onProcesses, pass, passIf } from "../findings.ts";
import { bytes } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const swap = defineCheck({
  id: "swap",
  title: "No server is in swap",
  why: "One thread serves everybody: a page that has to come from a disk makes all clients wait, and a Sentinel may hold the server for dead.",
  how: "VmSwap of each process, in /proc/PID/status.",
  mend: [
    "find out what else takes memory on the host: ps axo rss,comm --sort -rss | head",
    "redisha run init-os lowers vm.swappiness",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/",
  reads: ["servers", "processes", "hosts"],
  limits: z.strictObject({ most: bytes("1mb", "Of one server at most") }),
  wanted: ({ most }) => `at most ${formatBytes(most)} of it in swap`,
  judge: (facts, { most }) =>
    (["data", "sentinel"] as const).flatMap((kind) =>
      onProcesses(facts, kind, ({ swapped }, { instance }) => {
        if (facts.hosts[instance.host.name]?.swap?.total === 0) return pass("the host has no swap");
        const size = known(swapped, "the kernel does not tell");
        return passIf(size <= most, `${formatBytes(size)} in swap`);
      }),
    ),
});
