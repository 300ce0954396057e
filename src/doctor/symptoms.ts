import { nearest } from "../core/nearest.ts";

/** What somebody sees who does not know yet what is wrong. */
export const SYMPTOMS = {
  "replica-behind": "A replica has no link to its primary, or falls behind",
  "no-failover": "The primary is gone, or would be, and nothing takes its place",
  "writes-refused": "Writes are refused",
  "writes-lost": "Acknowledged writes are gone, or two servers take writes",
  "full-syncs": "Replicas copy everything again and again",
  slow: "Commands are slow, or time out",
  memory: "Memory runs out",
  "no-connection": "A client or a server cannot connect, or log in",
  "cluster-down": "A Cluster refuses commands",
} as const;
export type Symptom = keyof typeof SYMPTOMS;

export const SYMPTOM_NAMES = Object.keys(SYMPTOMS).filter(isSymptom);

/** The first word of an error that a client got, and what it is a symptom of. */
const ERRORS: Readonly<Record<string, Symptom>> = {
  NOREPLICAS: "writes-refused",
  MISCONF: "writes-refused",
  OOM: "writes-refused",
  READONLY: "writes-refused",
  LOADING: "no-connection",
  MASTERDOWN: "replica-behind",
  NOAUTH: "no-connection",
  WRONGPASS: "no-connection",
  NOPERM: "no-connection",
  BUSY: "slow",
  CLUSTERDOWN: "cluster-down",
  NOGOODSLAVE: "no-failover",
  NOQUORUM: "no-failover",
};

/** The symptom meant by its name or by an error of Redis; else what there is that sounds alike. */
export function symptomOf(text: string): { symptom: Symptom } | { like: string | undefined } {
  if (isSymptom(text)) return { symptom: text };
  const symptom = ERRORS[text.replace(/^-/, "").split(/\s/)[0]?.toUpperCase() ?? ""];
  return symptom ? { symptom } : { like: nearest(text, [...SYMPTOM_NAMES, ...Object.keys(ERRORS)]) };
}

function isSymptom(text: string): text is Symptom {
  return Object.hasOwn(SYMPTOMS, text);
}
