import { z } from "zod";
import { known, onHosts, pass, passIf } from "../findings.ts";
import { count } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const swappiness = defineCheck({
  id: "swappiness",
  title: "The kernel does not swap servers out to cache files",
  why: "With the usual value the kernel puts pages of a server that were not used for a while into swap, to cache a backup that was just written.",
  how: "/proc/sys/vm/swappiness of each host, and whether it has swap at all.",
  mend: ["redisha run init-os"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/admin/",
  reads: ["hosts"],
  limits: z.strictObject({ most: count(10, "vm.swappiness at most") }),
  fixes: "runs init-os on the host",
  wanted: ({ most }) => `vm.swappiness of at most ${most}, or no swap`,
  judge: (facts, { most }) =>
    onHosts(facts, (host) => {
      const value = known(host.swappiness, "the kernel does not tell");
      if (host.swap?.total === 0) return pass("the host has no swap");
      return passIf(value <= most, `vm.swappiness = ${value}`, { fix: { kind: "os" } });
    }),
});
