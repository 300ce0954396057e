import { buildTopology } from "../topology/build-topology.ts";
import type { Declared, Observation, SentinelAnswers } from "../topology/observation.ts";
import type { Topology } from "../topology/schema.ts";
import type { MadeUp } from "./test-schema.ts";

const MASTER_NAME = "mymaster";
const OFFSET = "1000";

/** A healthy deployment, out of the names of its instances: what they would have answered, built into the model. */
export function madeUpTopology(given: MadeUp): Topology {
  const hosts = [...new Set([given.primary, ...given.replicas, ...given.sentinels].map(hostOf))];
  const addressOf = (id: string) => `192.0.2.${hosts.indexOf(hostOf(id)) + 1}`;
  const place = (id: string, kind: Observation["kind"]): Observation => ({
    instance: id,
    kind,
    host: hostOf(id),
    address: addressOf(id),
    port: portOf(id),
    listed: true,
    initial_primary: id === given.primary,
    at: "2026-01-01T00:00:00.000Z",
    duration_ms: 1,
    via: "direct",
    reach: { ok: true },
    refused: [],
  });
  const server = {
    redis_version: given.version,
    redis_mode: "standalone",
    loading: "0",
    rdb_last_bgsave_status: "ok",
    rdb_bgsave_in_progress: "0",
    aof_enabled: "0",
    used_memory: "1000000",
    maxmemory: "0",
    maxclients: "10000",
    connected_clients: "1",
    master_replid: "a".repeat(40),
    master_repl_offset: OFFSET,
  };
  const config = { "replica-priority": "100", "min-replicas-to-write": "0", "min-replicas-max-lag": "10", save: "" };
  const attached = given.replicas.map((id, index) => [
    `slave${index}`,
    `ip=${addressOf(id)},port=${portOf(id)},state=online,offset=${OFFSET},lag=0`,
  ]);
  const primary: Observation = {
    ...place(given.primary, "data"),
    config,
    info: {
      ...server,
      run_id: runIdOf(given.primary),
      role: "master",
      connected_slaves: String(given.replicas.length),
      ...Object.fromEntries(attached),
    },
    role: ["master", Number(OFFSET), []],
  };
  const replicas = given.replicas.map(
    (id): Observation => ({
      ...place(id, "data"),
      config,
      info: {
        ...server,
        run_id: runIdOf(id),
        role: "slave",
        master_host: addressOf(given.primary),
        master_port: String(portOf(given.primary)),
        master_link_status: "up",
        master_last_io_seconds_ago: "0",
        master_sync_in_progress: "0",
        slave_repl_offset: OFFSET,
        slave_priority: "100",
        slave_read_only: "1",
        connected_slaves: "0",
      },
      role: ["slave", addressOf(given.primary), portOf(given.primary), "connected", Number(OFFSET)],
    }),
  );
  const sentinels = given.sentinels.map(
    (id): Observation => ({
      ...place(id, "sentinel"),
      info: { redis_version: given.version, redis_mode: "sentinel", sentinel_tilt: "0" },
      sentinel: sentinelAnswers(given, id, addressOf),
    }),
  );
  return buildTopology(declaredOf(given), [primary, ...replicas, ...sentinels]);
}

function declaredOf({ kind, sentinels }: MadeUp): Declared {
  const quorum = Math.floor(sentinels.length / 2) + 1;
  return { deployment: "rehearsal", kind, ...(kind === "sentinel" ? { master_name: MASTER_NAME, quorum } : {}) };
}

function sentinelAnswers(given: MadeUp, id: string, addressOf: (id: string) => string): SentinelAnswers {
  const peers = given.sentinels.filter((other) => other !== id);
  const at = (other: string) => ({ ip: addressOf(other), port: String(portOf(other)), runid: runIdOf(other) });
  return {
    myid: runIdOf(id),
    watches: [MASTER_NAME],
    master: {
      ...at(given.primary),
      name: MASTER_NAME,
      flags: "master",
      quorum: String(Math.floor(given.sentinels.length / 2) + 1),
      "config-epoch": "0",
      "num-other-sentinels": String(peers.length),
      "down-after-milliseconds": "5000",
      "failover-timeout": "60000",
    },
    master_address: { address: addressOf(given.primary), port: portOf(given.primary) },
    replicas: given.replicas.map((replica) => ({
      ...at(replica),
      flags: "slave",
      "master-link-status": "ok",
      "slave-priority": "100",
    })),
    sentinels: peers.map((peer) => ({ ...at(peer), flags: "sentinel" })),
    ckquorum: { ok: true, message: `OK ${given.sentinels.length} usable Sentinels` },
  };
}

function hostOf(id: string): string {
  return id.slice(0, id.lastIndexOf(":"));
}

function portOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(":") + 1));
}

function runIdOf(id: string): string {
  return Buffer.from(id).toString("hex").padEnd(40, "0").slice(0, 40);
}
