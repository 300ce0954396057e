import type { Facts } from "./facts.ts";
import type { Symptom } from "./symptoms.ts";

/** How sure it is: `certain` where both ends, or a server's own words, say so. */
export const CONFIDENCES = ["certain", "likely", "possible"] as const;

/** `critical`: writes or data are at stake now. */
export const SEVERITIES = ["critical", "warning", "info"] as const;

/** One thing that was seen, and where. */
export interface Evidence {
  /** The instance, or the host, that says so. */
  readonly where: string;
  /** `INFO master_link_status`, `log /var/log/redis/redis.log`, `connection from r2`. */
  readonly source: string;
  readonly value: string;
  /** When, in RFC 3339; null where that is now. */
  readonly at: string | null;
}

/** A shipped runbook that mends it, and what it is to be told. */
export interface Mend {
  readonly runbook: string;
  readonly inputs: Readonly<Record<string, string>>;
}

/** A cause that was found, with what it was found by. */
export interface Diagnosis {
  readonly severity: (typeof SEVERITIES)[number];
  readonly confidence: (typeof CONFIDENCES)[number];
  /** Instances and hosts that it is about. */
  readonly subjects: readonly string[];
  /** In one sentence, with names and figures. */
  readonly message: string;
  readonly evidence: readonly Evidence[];
  readonly mend?: Mend;
  /** What to type or to do besides, most useful first. */
  readonly next: readonly string[];
}

/** Something that may be wrong. Pure: `diagnose` looks at facts that were gathered before, and says nothing where all is well. */
export interface Cause {
  /** Stable: scripts and runbooks name it. */
  readonly id: string;
  readonly title: string;
  /** What it shows as. */
  readonly symptoms: readonly Symptom[];
  /** Why it comes to that. */
  readonly why: string;
  /** What is looked at. */
  readonly how: string;
  diagnose(facts: Facts): readonly Diagnosis[];
}
