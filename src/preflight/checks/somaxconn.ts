import { z } from "zod";
import { answering, directive, known, onHosts, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const somaxconn = defineCheck({
  id: "somaxconn",
  title: "The kernel queues as many connections as servers ask for",
  why: "After a failover all clients connect at once. What does not fit into the queue is dropped and tried again a second later.",
  how: "/proc/sys/net/core/somaxconn of each host, held against tcp-backlog of its servers.",
  mend: ["redisha run init-os; a server takes it at its next start"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/admin/",
  reads: ["servers", "hosts"],
  limits: z.strictObject({}),
  fixes: "runs init-os on the host",
  wanted: () => "net.core.somaxconn of at least tcp-backlog",
  judge: (facts) =>
    onHosts(facts, (host, name) => {
      const value = known(host.somaxconn, "the kernel does not tell");
      const servers = answering(facts, "data").filter(({ instance }) => instance.host.name === name);
      const asked = Math.max(0, ...servers.map((server) => Number(directive(server, "tcp-backlog"))));
      return passIf(value >= asked, `${value}, tcp-backlog ${asked}`, { fix: { kind: "os" } });
    }),
});
