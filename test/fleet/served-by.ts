import { DATA_PORT, SENTINEL_PORT } from "./harness/deployment.ts";
import type { Fleet } from "./harness/fleet.ts";

/** What clients are told of a deployment with Sentinel on all hosts of a fleet: for startWriters. */
export function servedBy({ hosts }: Fleet) {
  const processes = hosts.flatMap(({ address }) => [
    { service: "redis", address, port: DATA_PORT },
    { service: "sentinel", address, port: SENTINEL_PORT },
  ]);
  return { status: { processes } };
}
