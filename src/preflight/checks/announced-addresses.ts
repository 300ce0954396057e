import { z } from "zod";
import { fail, known, onServers, pass, unknown } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const announcedAddresses = defineCheck({
  id: "announced-addresses",
  title: "What nodes announce can be reached",
  why: "Replicas, Sentinels and clients go to the address that a node announces. Behind NAT or in a container it may be one that nobody reaches, which shows when that node becomes primary.",
  how: "replica-announce-ip and -port, or those of the cluster, tried by TCP from every other host.",
  mend: [
    "redis-cli CONFIG SET replica-announce-ip ADDRESS, and CONFIG REWRITE",
    "open the port between the hosts: redisha run init-firewall",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/replication/",
  reads: ["servers", "ways"],
  limits: z.strictObject({}),
  wanted: () => "an answer from every other host",
  judge: (facts) =>
    onServers(facts, "data", ({ instance }) => {
      const ways = known(facts.ways[instance.host.name], "the ways to its host were not tried");
      const tried = ways.announced.filter((way) => way.instance === instance.id);
      if (tried.length === 0) return pass("announces nothing else than its address");
      const failed = tried.filter(({ answer }) => answer === "silent" || answer === "refused");
      if (failed.length > 0)
        return fail(failed.map(({ address, from, answer }) => `${address} from ${from}: ${answer}`).join("; "));
      const open = tried.filter(({ answer }) => answer === "open");
      if (open.length === 0) return unknown(tried[0]?.why ?? "nothing could be tried");
      return pass(`${open[0]?.address} from ${open.length} hosts`);
    }),
});
