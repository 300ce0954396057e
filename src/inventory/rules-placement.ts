import { nearest } from "../core/nearest.ts";
import type { Findings } from "./findings.ts";
import type { LenientDeployment } from "./lenient-view.ts";
import { BUS_OFFSET, DEFAULT_PORT, type Placed, placed, splitEntry } from "./placement.ts";
import { portOffsetOf } from "./to-tls.ts";

const MAX_PORT = 65_535;

/** Where instances run: on hosts that exist, each in one place of its own. */
export function checkPlacement(view: LenientDeployment, found: Findings): void {
  const hosts = Object.keys(view.hosts);
  for (const section of ["redis", "sentinel"] as const) {
    if (view[section]?.port !== undefined && view[section].ports !== undefined) {
      found.error([section, "ports"], "port and ports exclude each other", { part: "key" });
    }
    for (const [index, entry] of (view[section]?.on ?? []).entries()) {
      checkEntry(entry, [section, "on", index], hosts, found);
    }
  }
  for (const [index, host] of (view.monitoring?.exporter?.on ?? []).entries()) {
    const path = ["monitoring", "exporter", "on", index];
    if (!hosts.includes(host)) found.error(path, `there is no host ${host}`, { hint: suggestHost(host, hosts) });
    else if (!isUsed(host, view)) found.error(path, `neither a server nor a Sentinel runs on ${host}`);
  }
  for (const entry of Object.keys(view.redis?.replica_priority ?? {})) checkPriority(entry, view, found);
  if (view.topology !== "cluster") checkOne(view.redis?.initial_primary, ["redis", "initial_primary"], view, found);
  checkOne(view.engine?.standby, ["engine", "standby"], view, found);
  checkTwice(view, found);
  if (view.topology === "cluster") checkCluster(view, found);
}

function checkEntry(entry: string, path: (string | number)[], hosts: readonly string[], found: Findings): void {
  const { host, port } = splitEntry(entry);
  if (!hosts.includes(host)) found.error(path, `there is no host ${host}`, { hint: suggestHost(host, hosts) });
  if (port !== undefined && (port < 1 || port > MAX_PORT)) found.error(path, `${port} is not a port`);
}

/** redisha works on hosts that something of the deployment runs on. */
function isUsed(host: string, { redis, sentinel }: LenientDeployment): boolean {
  const entries = [...(redis?.on ?? []), ...(sentinel?.on ?? [])];
  return entries.some((entry) => splitEntry(entry).host === host);
}

/** A priority that is meant for somebody else would leave the one that it is meant for to be promoted. */
function checkPriority(entry: string, { redis }: LenientDeployment, found: Findings): void {
  if (redis?.on === undefined) return;
  const names = placed(redis, DEFAULT_PORT.redis).flatMap((each) => [each.host, idOf(each)]);
  if (names.includes(entry)) return;
  const near = nearest(entry, names);
  const hint = near === undefined ? `instances: ${[...new Set(names)].join(", ")}` : `did you mean "${near}"?`;
  found.error(["redis", "replica_priority", entry], `${entry} is not in redis.on`, { hint, part: "key" });
}

function suggestHost(host: string, hosts: readonly string[]): string | undefined {
  const near = nearest(host, hosts);
  if (near !== undefined) return `did you mean "${near}"?`;
  return hosts.length === 0 ? undefined : `hosts here: ${hosts.join(", ")}`;
}

function checkOne(wanted: string | undefined, path: string[], view: LenientDeployment, found: Findings): void {
  if (wanted === undefined || view.redis?.on === undefined) return;
  const { host, port } = splitEntry(wanted);
  const instances = placed(view.redis, DEFAULT_PORT.redis);
  const there = instances.filter((each) => each.host === host && (port === undefined || each.port === port));
  if (there.length === 1) return;
  if (there.length > 1) {
    const ids = there.map(idOf);
    found.error(path, `${host} has several instances`, { hint: `say which: ${ids.join(", ")}` });
    return;
  }
  const names = [...new Set(instances.flatMap((each) => [each.host, idOf(each)]))];
  const near = nearest(wanted, names);
  const hint = near === undefined ? `instances: ${instances.map(idOf).join(", ")}` : `did you mean "${near}"?`;
  found.error(
    path,
    Object.keys(view.hosts).includes(host) ? `${wanted} is not in redis.on` : `there is no host ${host}`,
    { hint },
  );
}

/** Two instances cannot listen on one port of one host, nor of one address that two hosts share. */
function checkTwice(view: LenientDeployment, found: Findings): void {
  const byId = new Map<string, string>();
  const byEndpoint = new Map<string, string>();
  for (const section of ["redis", "sentinel"] as const) {
    for (const each of placed(view[section], DEFAULT_PORT[section])) {
      const path = [section, "on", each.entry];
      const id = idOf(each);
      const host = view.hosts[each.host];
      const address = host?.redis_address ?? host?.address;
      const own = each.port + portOffsetOf(view);
      const endpoint = `${address?.toLowerCase()} port ${host?.redis_ports?.[String(own)] ?? own}`;
      const other = byEndpoint.get(endpoint);
      if (byId.has(id)) {
        found.error(path, `${id} is declared twice, under ${within(byId.get(id), section)}`);
      } else if (address !== undefined && other !== undefined) {
        found.error(path, `${id} and ${other} are the same server: ${endpoint}`);
      }
      byId.set(id, section);
      byEndpoint.set(endpoint, id);
    }
  }
}

function within(first: string | undefined, second: string): string {
  return first === second ? `${second}.on` : `${first}.on and ${second}.on`;
}

function checkCluster(view: LenientDeployment, found: Findings): void {
  const instances = placed(view.redis, DEFAULT_PORT.redis);
  const ownBusPort = view.redis?.config?.["cluster-port"] !== undefined;
  for (const each of ownBusPort ? [] : instances) {
    if (each.port + BUS_OFFSET <= MAX_PORT) continue;
    const highest = MAX_PORT - BUS_OFFSET;
    found.error(["redis", "on", each.entry], `the bus of ${idOf(each)} would be port ${each.port + BUS_OFFSET}`, {
      hint: `a cluster node needs a port of at most ${highest}, or cluster-port in redis.config`,
    });
  }
  const perPrimary = 1 + (view.cluster?.replicas_per_primary ?? 1);
  const primaries = Math.floor(instances.length / perPrimary);
  if (instances.length > 0 && primaries < 3) {
    const path = ["redis", "on"];
    const message = `${instances.length} instances with ${perPrimary - 1} replicas per primary make ${primaries} primaries`;
    found.warn(path, message, "a cluster needs three primaries to agree that one of them is down");
  }
}

function idOf(instance: Placed): string {
  return `${instance.host}:${instance.port}`;
}
