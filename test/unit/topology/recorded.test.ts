import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildTopology } from "../../../src/topology/build-topology.ts";
import { judge } from "../../../src/topology/judge.ts";
import type { Declared, Observation } from "../../../src/topology/observation.ts";
import { topologySchema, type Verdict, verdictSchema } from "../../../src/topology/schema.ts";

/** What real servers answered, recorded; every file there is judged. */
const FOLDER = new URL("../../fixtures/observations/", import.meta.url);

interface Expected {
  readonly state: Verdict["state"];
  /** Findings that are no mere remark, worst first. */
  readonly findings: readonly string[];
  readonly failures: number;
  readonly summary: RegExp;
}

const EXPECTED: Readonly<Record<string, Expected>> = {
  "cluster-healthy.json": {
    state: "healthy",
    findings: [],
    failures: 1,
    summary: /3 primaries own all 16384 slots with 3 replicas in sync/,
  },
  "cluster-open-slot.json": { state: "degraded", findings: ["slots_open"], failures: 1, summary: /slot is open: 100/ },
  "cluster-uncovered-slots.json": {
    state: "critical",
    findings: [
      "slots_uncovered",
      "shard_primary_down",
      "cluster_state_fail",
      "shard_without_replica",
      "instance_unreachable",
      "instance_unreachable",
    ],
    failures: -1,
    summary: /5461 of 16384 slots are served by nobody: 0-5460 of r1:6379/,
  },
  "replication-hung-replica.json": {
    state: "degraded",
    findings: ["instance_unreachable"],
    failures: 0,
    summary: /r3:6379 gave no answer: .*accepted the connection but answered nothing/,
  },
  "replication-sub-replica.json": { state: "healthy", findings: [], failures: 0, summary: /3 replicas hold the data/ },
  "replication-wrong-masterauth.json": {
    state: "degraded",
    findings: ["link_down", "never_synced"],
    failures: 0,
    summary: /probably a wrong or missing masterauth/,
  },
  "sentinel-after-failover.json": {
    state: "degraded",
    findings: ["instance_unreachable"],
    failures: 1,
    summary: /r1:6379 gave no answer/,
  },
  "sentinel-disagreeing.json": {
    state: "critical",
    findings: ["sentinels_disagree", "views_disagree", "ckquorum_failed"],
    failures: 1,
    summary: /s1:26379 and s2:26379 name r1:6379; s3:26379 names r2:6379/,
  },
  "sentinel-healthy.json": { state: "healthy", findings: [], failures: 2, summary: /3 Sentinels agree/ },
  "sentinel-primary-killed.json": {
    state: "critical",
    findings: ["no_primary", "instance_unreachable"],
    failures: -1,
    summary: /r1:6379 was it and does not answer/,
  },
  "sentinel-redis-6.0.json": { state: "healthy", findings: [], failures: 2, summary: /2 replicas in sync/ },
  "sentinel-replicas-dead.json": {
    state: "critical",
    findings: ["no_promotable_replica", "ckquorum_misleading", "instance_unreachable", "instance_unreachable"],
    failures: 0,
    summary: /No replica could be promoted/,
  },
  "sentinel-two-primaries.json": {
    state: "critical",
    findings: ["two_primaries"],
    failures: 1,
    summary: /r1:6379 came back only \d+ s ago and all Sentinels name r3:6379/,
  },
  "sentinel-two-sentinels-down.json": {
    state: "degraded",
    findings: ["quorum_lost", "majority_lost", "ckquorum_failed", "sentinel_unreachable", "sentinel_unreachable"],
    failures: 0,
    summary: /1 of 3 Sentinels takes part/,
  },
  "sentinel-valkey-9.1.json": { state: "healthy", findings: [], failures: 2, summary: /2 replicas in sync/ },
};

function judged(file: string) {
  const recorded: { declared: Declared; observations: Observation[] } = JSON.parse(
    readFileSync(new URL(file, FOLDER), "utf8"),
  );
  const topology = buildTopology(recorded.declared, recorded.observations);
  return { topology, verdict: judge(topology) };
}

describe("what real servers answered", () => {
  it.each(Object.entries(EXPECTED))("%s is judged as what it is", (file, expected) => {
    const { verdict } = judged(file);
    expect(verdict.summary).toMatch(expected.summary);
    expect(verdict.state).toBe(expected.state);
    expect(verdict.findings.filter(({ severity }) => severity !== "info").map(({ id }) => id)).toEqual(
      expected.findings,
    );
    expect(verdict.tolerance.failures).toBe(expected.failures);
  });

  it.each(readdirSync(FOLDER).filter((name) => name.endsWith(".json")))(
    "%s gives a model and a verdict that fit their schemas, with nobody unlisted",
    (file) => {
      const { topology, verdict } = judged(file);
      expect(topologySchema.parse(topology)).toEqual(topology);
      expect(verdictSchema.parse(verdict)).toEqual(verdict);
      expect([...topology.nodes, ...topology.sentinels].filter(({ listed }) => !listed)).toEqual([]);
    },
  );
});
