import type { ServerFacts } from "../preflight/facts.ts";
import type { Facts } from "./facts.ts";

type Client = NonNullable<ServerFacts["clients"]>[number];

/** Connections of applications: neither replicas, nor their primary, nor Sentinels, nor this one. */
export function clientsOf(facts: Facts, id: string): Client[] {
  return (facts.servers[id]?.clients ?? []).filter(
    // A Sentinel calls its connections sentinel-<id>-cmd and -pubsub.
    ({ flags, name }) => !/[SM]/.test(flags) && !/^sentinel-[0-9a-f]+-(cmd|pubsub)$/.test(name) && !isOurs(name),
  );
}

function isOurs(name: string): boolean {
  return name.startsWith("redisha");
}
