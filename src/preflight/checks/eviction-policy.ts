import { z } from "zod";
import { directive, onServers, passIf } from "../findings.ts";
import { words } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const evictionPolicy = defineCheck({
  id: "eviction-policy",
  title: "What goes when memory is full is what should go",
  why: "With an allkeys policy a store of data throws data away. With noeviction a cache answers every write with an error as soon as it is full.",
  how: "CONFIG GET maxmemory-policy of every data node.",
  mend: ["declare maxmemory-policy under redis.config in redisha.yaml, then: redisha init"],
  documentation: "https://redis.io/docs/latest/develop/reference/eviction/",
  reads: ["servers"],
  limits: z.strictObject({
    allowed: words(["noeviction", "volatile-lru", "volatile-lfu", "volatile-ttl", "volatile-random"], "Policies"),
  }),
  wanted: ({ allowed }) => `one of ${allowed.join(", ")}`,
  judge: (facts, { allowed }) =>
    onServers(facts, "data", (server) => {
      const policy = directive(server, "maxmemory-policy");
      return passIf(allowed.includes(policy), policy);
    }),
});
