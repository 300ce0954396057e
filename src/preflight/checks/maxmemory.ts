import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { answering, directive, fail, known, onServers, passIf } from "../findings.ts";
import { percent } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const maxmemory = defineCheck({
  id: "maxmemory",
  title: "maxmemory leaves room for a fork and for buffers",
  why: "Without a limit the kernel ends the server when memory runs out, in the middle of a snapshot as a rule: that is when it needs most.",
  how: "CONFIG GET maxmemory of all data nodes of a host, added up and held against the memory of the host.",
  mend: ["declare maxmemory under redis.config in redisha.yaml, then: redisha init"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/memory-optimization/",
  reads: ["servers", "hosts"],
  limits: z.strictObject({
    most: percent(70, "Percent of the memory of a host, for all of its data nodes"),
  }),
  wanted: ({ most }) => `a limit, and at most ${most} % of the memory of the host for all of them`,
  judge: (facts, { most }) => {
    const nodes = answering(facts, "data");
    return onServers(facts, "data", (server) => {
      const own = Number(directive(server, "maxmemory"));
      if (own === 0) return fail("maxmemory 0: no limit");
      const beside = nodes.filter(({ instance }) => instance.host.name === server.instance.host.name);
      const sum = beside.reduce((total, each) => total + Number(directive(each, "maxmemory")), 0);
      const told = Number(server.info?.total_system_memory);
      const memory = known(
        facts.hosts[server.instance.host.name]?.memory ?? (told > 0 ? told : null),
        "the memory of its host is not known",
      );
      const share = Math.round((sum / memory) * 100);
      const others = beside.length > 1 ? ` (${formatBytes(sum)} for ${beside.length})` : "";
      return passIf(sum * 100 <= memory * most, `${formatBytes(own)}${others}, ${share} % of ${formatBytes(memory)}`);
    });
  },
});
