import type { Declared, Observation } from "../observation.ts";
import { printEndpoint } from "../parse/address.ts";
import { field, toInt } from "../parse/info.ts";
import { isGone, parseFlags, parseSentinelEntry, parseSentinelReplica } from "../parse/sentinel-map.ts";
import type { SentinelNode } from "../schema.ts";
import type { Directory } from "./directory.ts";
import { silentSentinel } from "./silent.ts";

/**
 * Once a failover has chosen its replica, that Sentinel names it to clients, while SENTINEL MASTER still describes the one
 * that died, until the configuration is switched: what it holds to be down then is not the primary that it names.
 */
const DOWN: readonly string[] = ["s_down", "o_down"];

/** What one Sentinel says of the deployment's group, with the instances that it means found in the directories. */
export function sentinelNode(
  observation: Observation,
  declared: Declared,
  directories: { readonly data: Directory; readonly sentinels: Directory },
): SentinelNode {
  const speaker = observation.instance;
  const info = observation.info ?? {};
  const answers = observation.sentinel;
  const master = answers?.master;
  const told = master ? parseSentinelEntry(master) : undefined;
  const endpoint = answers?.master_address ?? told;
  const switched = told !== undefined && endpoint !== undefined && printEndpoint(told) !== printEndpoint(endpoint);
  const knownSentinels = (answers?.sentinels ?? []).map(parseSentinelEntry).filter((entry) => entry !== undefined);
  const watched = declared.master_name !== undefined && (answers?.watches.includes(declared.master_name) ?? false);
  return {
    ...silentSentinel(observation),
    zone: observation.zone ?? null,
    listed: observation.listed,
    up: observation.reach.ok,
    reach: observation.reach.ok
      ? { ok: true, code: null, message: null, next: [] }
      : { ...observation.reach, next: [...observation.reach.next] },
    via: observation.via,
    latency_ms: observation.duration_ms,
    ...(observation.certificate ? { certificate: { ...observation.certificate } } : {}),
    version: field(info, "valkey_version") ?? field(info, "redis_version"),
    run_id: answers?.myid ?? null,
    watching: observation.reach.ok && (watched || master !== undefined),
    watches: [...(answers?.watches ?? [])],
    primary_id: endpoint ? directories.data.find(endpoint, { speaker, key: told?.runId ?? "" }) : null,
    primary_address: endpoint ? printEndpoint(endpoint) : null,
    flags: parseFlags(master?.flags ?? "").filter((flag) => flag !== "master" && !(switched && DOWN.includes(flag))),
    quorum: toInt(master?.quorum),
    config_epoch: toInt(master?.["config-epoch"]),
    down_after_ms: toInt(master?.["down-after-milliseconds"]),
    failover_timeout_ms: toInt(master?.["failover-timeout"]),
    tilt: field(info, "sentinel_tilt") === null ? null : field(info, "sentinel_tilt") === "1",
    others: toInt(master?.["num-other-sentinels"]) ?? (master ? knownSentinels.length : null),
    others_reachable: master ? knownSentinels.filter(({ flags }) => !isGone(flags)).length : null,
    known_replicas: (answers?.replicas ?? [])
      .map(parseSentinelReplica)
      .filter((entry) => entry !== undefined)
      .map((entry) => ({
        address: printEndpoint(entry),
        node_id: directories.data.find(entry, { speaker, key: entry.runId }),
        flags: [...entry.flags],
        link_up: entry.linkUp,
        priority: entry.priority,
      })),
    known_sentinels: knownSentinels.map((entry) => ({
      address: printEndpoint(entry),
      sentinel_id: directories.sentinels.find(entry, { speaker, key: entry.runId }),
      run_id: entry.runId,
      flags: [...entry.flags],
    })),
    ckquorum_ok: answers?.ckquorum?.ok ?? null,
    ckquorum_message: answers?.ckquorum?.message ?? null,
    refused: observation.refused.map((refusal) => ({ ...refusal })),
  };
}
