import { z } from "zod";
import { directive, fail, onServers, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const tlsRequired = defineCheck({
  id: "tls-required",
  title: "Nothing goes over the network in clear",
  why: "Without TLS, who can listen on the network reads every password and every value.",
  how: "CONFIG GET port, tls-port and tls-replication of every data node.",
  mend: ["declare tls in redisha.yaml, then: redisha init --dry-run"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "tls-port, port 0, tls-replication yes",
  judge: (facts) =>
    onServers(facts, "data", (server) => {
      const tls = Number(server.config?.["tls-port"] ?? 0);
      const plain = Number(directive(server, "port"));
      if (tls === 0) return fail(`port ${plain}, no tls-port`);
      if (directive(server, "tls-replication") !== "yes") return fail(`tls-port ${tls}, replication in clear`);
      return plain === 0 ? pass(`tls-port ${tls}`) : warn(`tls-port ${tls}, and port ${plain} in clear`);
    }),
});
