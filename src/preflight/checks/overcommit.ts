import { z } from "zod";
import { known, onHosts, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const overcommit = defineCheck({
  id: "overcommit-memory",
  title: "The kernel lets a large server fork",
  why: "Without it, fork fails once a server uses half of the memory: no snapshot, no rewrite of the append-only file, no full resync.",
  how: "/proc/sys/vm/overcommit_memory of each host.",
  mend: ["redisha run init-os", "sysctl -w vm.overcommit_memory=1, and a file in /etc/sysctl.d for the next boot"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/admin/",
  reads: ["hosts"],
  limits: z.strictObject({}),
  fixes: "runs init-os on the host",
  wanted: () => "vm.overcommit_memory = 1",
  judge: (facts) =>
    onHosts(facts, ({ overcommit_memory }) => {
      const value = known(overcommit_memory, "the kernel does not tell");
      return passIf(value === 1, `vm.overcommit_memory = ${value}`, { fix: { kind: "os" } });
    }),
});
