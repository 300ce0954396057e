import { z } from "zod";
import { formatBytes, formatDuration } from "../../core/units.ts";
import { directive, fail, figure, onServers, passIf, toSet } from "../findings.ts";
import { bytes, duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const backlogSize = defineCheck({
  id: "backlog-size",
  title: "The replication backlog outlasts a short absence",
  why: "A replica that was away for longer than the backlog reaches back needs a full resync: the primary forks, sends everything, and the replica serves nothing meanwhile.",
  how: "CONFIG GET repl-backlog-size, and the replication traffic of the node: master_repl_offset of INFO over its uptime.",
  mend: ["set repl-backlog-size under redis.config in redisha.yaml, then: redisha init"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/replication/",
  reads: ["servers"],
  limits: z.strictObject({
    least: bytes("1gb", "Size at least"),
    reaches_back: duration("10m", "For how long it should hold what is written, by the traffic that there was"),
  }),
  fixes: "sets repl-backlog-size",
  wanted: ({ least, reaches_back }) =>
    `at least ${formatBytes(least)}, and ${formatDuration(reaches_back)} of what is written`,
  judge: (facts, { least, reaches_back }) =>
    onServers(facts, "data", (server) => {
      const size = Number(directive(server, "repl-backlog-size"));
      const perSecond = figure(server, "master_repl_offset") / Math.max(1, figure(server, "uptime_in_seconds"));
      const needed = Math.max(least, Math.ceil((perSecond * reaches_back) / 1_000));
      const measured = `${formatBytes(size)}, at ${formatBytes(Math.round(perSecond))}/s`;
      // A backlog is memory that is taken at once: one that needs more than the least is for the operator to decide.
      if (needed > least && size < needed) return fail(measured, { wanted: `at least ${formatBytes(needed)}` });
      return passIf(size >= least, measured, toSet(server, "repl-backlog-size", String(least)));
    }),
});
