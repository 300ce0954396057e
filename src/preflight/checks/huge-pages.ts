import { z } from "zod";
import { known, onHosts, pass, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const hugePages = defineCheck({
  id: "huge-pages",
  title: "Transparent huge pages are off",
  why: "After a fork each write copies 2 MiB instead of 4 KiB: latency jumps, and memory use may double while a snapshot is made.",
  how: "/sys/kernel/mm/transparent_hugepage/enabled of each host.",
  mend: [
    "redisha run init-os",
    "echo never > /sys/kernel/mm/transparent_hugepage/enabled, and a unit for the next boot",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/",
  reads: ["hosts"],
  limits: z.strictObject({}),
  fixes: "runs init-os on the host",
  wanted: () => "never, or madvise",
  judge: (facts) =>
    onHosts(facts, ({ huge_pages }) => {
      const value = known(huge_pages, "the kernel does not tell");
      if (value === "") return pass("the kernel has none");
      return passIf(value !== "always", value, { fix: { kind: "os" } });
    }),
});
