import type { Finding } from "../schema.ts";
import { few } from "../words.ts";
import { type Case, finding } from "./case.ts";

const DAY_MS = 86_400_000;

/** Three weeks: enough for somebody's holiday. */
const WARN_MS = 21 * DAY_MS;

/** Certificates that servers show, and those that signed them, as far as they end soon. An expired one lets nobody in. */
export function certificateFindings({ topology, thresholds }: Case): Finding[] {
  const now = Date.parse(topology.observed_at);
  const warn = thresholds.certificate_ms ?? WARN_MS;
  const all = [...topology.nodes, ...topology.sentinels].flatMap(({ id, certificate }) =>
    certificate ? [{ id, ...certificate }] : [],
  );
  const soon = (which: "not_after" | "authority_not_after") =>
    all
      .flatMap((each) => (each[which] === null ? [] : [{ id: each.id, ends: each[which] }]))
      .filter(({ ends }) => Date.parse(ends) - now < warn)
      .sort((a, b) => (a.ends < b.ends ? -1 : 1));
  const about = (
    { id, what, next }: { id: string; what: string; next: string[] },
    ending: ReturnType<typeof soon>,
  ): Finding[] => {
    const [first] = ending;
    if (!first) return [];
    const days = Math.max(0, Math.floor((Date.parse(first.ends) - now) / DAY_MS));
    return [
      finding({
        id,
        severity: "warning",
        subject: topology.deployment,
        message: `${what} of ${few(ending.map((each) => each.id))} ${days === 0 ? "ends within a day" : `ends in ${days} ${days === 1 ? "day" : "days"}`}: after that nobody gets a new connection`,
        evidence: ending.map((each) => `${each.id} until ${each.ends}`),
        next,
      }),
    ];
  };
  return [
    ...about(
      {
        id: "authority_expires",
        what: "The authority behind the certificate",
        next: ["redisha rotate --only certificates --new-authority"],
      },
      soon("authority_not_after"),
    ),
    ...about(
      { id: "certificate_expires", what: "The certificate", next: ["redisha rotate --only certificates"] },
      soon("not_after"),
    ),
  ];
}
