import { z } from "zod";
import { directive, onServers, passIf, skip } from "../findings.ts";
import { words } from "../limits.ts";
import { defineCheck } from "../model.ts";

/** What a server takes where it is not told otherwise (redis.conf). */
const DEFAULT = "TLSv1.2 TLSv1.3";

export const tlsProtocols = defineCheck({
  id: "tls-protocols",
  title: "Only versions of TLS that hold",
  why: "TLS 1.0 and 1.1 are broken, and given up by RFC 8996.",
  how: "CONFIG GET tls-protocols of every data node that has TLS; empty means TLSv1.2 and TLSv1.3.",
  mend: ["redis-cli CONFIG SET tls-protocols 'TLSv1.2 TLSv1.3', and CONFIG REWRITE"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/",
  reads: ["servers"],
  limits: z.strictObject({ allowed: words(["TLSv1.2", "TLSv1.3"], "Versions") }),
  wanted: ({ allowed }) => `only ${allowed.join(" and ")}`,
  judge: (facts, { allowed }) =>
    onServers(facts, "data", (server) => {
      if (Number(server.config?.["tls-port"] ?? 0) === 0) return skip("it has no TLS");
      const told = directive(server, "tls-protocols") || DEFAULT;
      const versions = told.split(/\s+/).filter(Boolean);
      return passIf(
        versions.every((version) => allowed.some((each) => each.toLowerCase() === version.toLowerCase())),
        told,
      );
    }),
});
