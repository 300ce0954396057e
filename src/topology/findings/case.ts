import { naturalCompare } from "../order.ts";
import type { DataNode, Finding, SentinelNode, Topology } from "../schema.ts";
import type { Thresholds } from "../thresholds.ts";

/** What the rules look at: the model, and what each of them would otherwise look up again. */
export interface Case {
  readonly topology: Topology;
  readonly thresholds: Thresholds;
  /** The chosen primary; undefined in a cluster and where there is none. */
  readonly primary: DataNode | undefined;
  /** Nodes that answered as replicas. */
  readonly replicas: readonly DataNode[];
  /** Sentinels that answered and watch the group. */
  readonly watching: readonly SentinelNode[];
  node(id: string | null): DataNode | undefined;
}

/** A rule: pure, and silent where there is nothing to say. */
export type Rule = (facts: Case) => Finding[];

export function openCase(topology: Topology, thresholds: Thresholds): Case {
  const nodes = new Map(topology.nodes.map((node) => [node.id, node]));
  const node = (id: string | null) => (id === null ? undefined : nodes.get(id));
  return {
    topology,
    thresholds,
    primary: node(topology.primary_id),
    replicas: topology.nodes.filter(({ up, role }) => up && role === "replica"),
    watching: topology.sentinels.filter(({ up, watching }) => up && watching),
    node,
  };
}

/** A finding whose lists may be left out. */
export function finding(
  facts: Omit<Finding, "evidence" | "next"> & { readonly evidence?: string[]; readonly next?: string[] },
): Finding {
  return { ...facts, evidence: facts.evidence ?? [], next: facts.next ?? [] };
}

const RANK: Readonly<Record<Finding["severity"], number>> = { critical: 0, warning: 1, info: 2 };

/** Worst first; equals stay in the order of the rules, and within a rule by subject. */
export function worstFirst(findings: readonly Finding[]): Finding[] {
  const order = new Map<string, number>();
  for (const { id } of findings) if (!order.has(id)) order.set(id, order.size);
  return [...findings].sort(
    (a, b) =>
      RANK[a.severity] - RANK[b.severity] ||
      (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0) ||
      naturalCompare(a.subject, b.subject) ||
      naturalCompare(a.message, b.message),
  );
}
