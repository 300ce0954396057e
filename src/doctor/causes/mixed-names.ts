import { seen, watching } from "../evidence.ts";
import type { Cause } from "../model.ts";

export const mixedNames: Cause = {
  id: "mixed-names",
  title: "Some servers are known by names, and others by addresses",
  symptoms: ["no-failover", "no-connection", "writes-lost"],
  why: "Sentinel takes a name and an address of one server for two. After a failover it tells clients an address that they may not know, or remembers one that is gone.",
  how: "The addresses that Sentinels, and servers, tell of each other.",
  diagnose: (facts) => {
    const told = [
      ...watching(facts).flatMap((sentinel) => [
        ...(sentinel.primary_address === null ? [] : [seen(sentinel.id, "SENTINEL MASTER", sentinel.primary_address)]),
        ...sentinel.known_replicas.map(({ address }) => seen(sentinel.id, "SENTINEL REPLICAS", address)),
        ...sentinel.known_sentinels.map(({ address }) => seen(sentinel.id, "SENTINEL SENTINELS", address)),
      ]),
      ...facts.topology.nodes.flatMap(({ id, announced }) =>
        announced === null ? [] : [seen(id, "replica-announce-ip", announced)],
      ),
    ];
    const names = told.filter(({ value }) => !isAddress(value));
    if (names.length === 0 || names.length === told.length) return [];
    return [
      {
        severity: "warning",
        confidence: "certain",
        subjects: [...new Set(names.map(({ where }) => where))],
        message: `${new Set(names.map(({ value }) => value)).size} servers are told by name, and ${new Set(told.filter(({ value }) => isAddress(value)).map(({ value }) => value)).size} by address`,
        evidence: [...names.slice(0, 3), ...told.filter(({ value }) => isAddress(value)).slice(0, 3)],
        next: [
          "names everywhere: resolve-hostnames and announce-hostnames yes on every Sentinel, replica-announce-ip with names on every server; or addresses everywhere",
          "then: redisha run sentinel-reset-rolling",
        ],
      },
    ];
  },
};

function isAddress(endpoint: string): boolean {
  return /^(\d+\.){3}\d+$|:/.test(endpoint.replace(/:\d+$/, "").replace(/^\[|\]$/g, ""));
}
