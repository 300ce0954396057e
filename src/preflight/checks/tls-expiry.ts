import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { fail, known, onProcesses, pass, skip, warn } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const tlsExpiry = defineCheck({
  id: "tls-expiry",
  title: "No certificate is about to run out",
  why: "From the second a certificate ends, replicas, Sentinels and clients that connect anew are refused, all at once. Connections that stand go on, so nobody sees it coming.",
  how: "The files that tls-cert-file, tls-client-cert-file and tls-ca-cert-file name, read on the host.",
  mend: ["renew it, then on each node: redis-cli CONFIG SET tls-cert-file PATH, which reads the file again"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/security/encryption/",
  reads: ["servers", "processes"],
  limits: z.strictObject({
    warn: duration("30d", "Left at most to be worth a warning"),
    fail: duration("7d", "Left at most to fail"),
  }),
  wanted: (limits) => `more than ${formatDuration(limits.warn)} left`,
  judge: (facts, limits) =>
    onProcesses(facts, "data", ({ certificates }, server) => {
      if (Number(server.config?.["tls-port"] ?? 0) === 0) return skip("it has no TLS");
      const [first] = known(certificates, "its certificates could not be read").toSorted((a, b) =>
        a.not_after.localeCompare(b.not_after),
      );
      const { path, not_after } = known(first, "its certificates could not be read");
      const left = Date.parse(not_after) - facts.nowMs;
      if (left <= 0) return fail(`${path} ended ${not_after.slice(0, 10)}`);
      const measured = `${path} ends ${not_after.slice(0, 10)}, in ${formatDuration(left)}`;
      if (left <= limits.fail) return fail(measured);
      return left <= limits.warn ? warn(measured) : pass(measured);
    }),
});
