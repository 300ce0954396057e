import { inLog, timesLogged } from "../evidence.ts";
import type { Cause } from "../model.ts";

const TLS =
  /(SSL|TLS).*(error|fail|alert|expired|verify|unknown ca)|certificate (has )?expired|certificate verify failed|wrong version number/i;

export const failingTls: Cause = {
  id: "failing-tls",
  title: "Servers cannot agree on TLS",
  symptoms: ["no-connection", "replica-behind", "no-failover"],
  why: "A certificate that has ended, or was signed by another authority, stops every new connection; those that stand go on, so that it shows at the next restart or failover.",
  how: "Errors of TLS in the logs, at both ends.",
  diagnose: (facts) => {
    const found = Object.keys(facts.logs).filter((id) => timesLogged(facts, id, TLS) > 0);
    if (found.length === 0) return [];
    const evidence = found.flatMap((id) => inLog(facts, id, TLS, 1));
    const expired = evidence.some(({ value }) => /expired/i.test(value));
    const plain = evidence.some(({ value }) => /wrong version number|http request/i.test(value));
    return [
      {
        severity: "warning",
        confidence: expired ? "certain" : "likely",
        subjects: found,
        message: `${found.length} servers report errors of TLS${expired ? ": a certificate has ended" : plain ? ": somebody speaks plain to a port of TLS" : ""}`,
        evidence,
        next: ["redisha preflight --only tls-expiry,tls-required", "redisha rotate --only certificates"],
      },
    ];
  },
};
