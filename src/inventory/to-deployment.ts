import type { RedisAuth } from "../connect/types.ts";
import type { YamlSource } from "../core/yaml/yaml-source.ts";
import { type Deployment, type DrillWindow, type ExporterPolicy, type Host, type Instance, WEEKDAYS } from "./model.ts";
import type { Surroundings } from "./paths.ts";
import { DEFAULT_PORT, placed, splitEntry } from "./placement.ts";
import { reachedPort } from "./ports.ts";
import type { DeclaredDeployment } from "./schema.ts";
import { backupOf } from "./to-backup.ts";
import { notifyOf } from "./to-notify.ts";
import { passwordsOf } from "./to-passwords.ts";
import { sshOf } from "./to-ssh.ts";
import { portOffsetOf, tlsOf } from "./to-tls.ts";
import { usersOf } from "./to-users.ts";
import { bytesOf, milliseconds, present } from "./to-values.ts";

/** Redis' own defaults (sentinel.conf), where redisha.yaml says nothing. */
const SENTINEL = { downAfterMs: 30_000, failoverTimeoutMs: 180_000, parallelSyncs: 1 };
const TIMEOUT_MS = 3_000;

/** A declared deployment that passed every check, as the rest of redisha works with it: defaults in, paths absolute. */
export function toDeployment(
  name: string,
  declared: DeclaredDeployment,
  source: YamlSource,
  around: Surroundings,
): Deployment {
  const timeouts = {
    connectMs: milliseconds(declared.timeouts?.connect) ?? TIMEOUT_MS,
    commandMs: milliseconds(declared.timeouts?.command) ?? TIMEOUT_MS,
  };
  const hosts = Object.entries(declared.hosts).map(([host, its]) => ({
    name: host,
    address: its.address,
    ...present({ zone: its.zone }),
    ssh: sshOf(declared.ssh, its.ssh, timeouts.connectMs, around),
  }));
  const instances = [...instancesOf("data", declared, hosts), ...instancesOf("sentinel", declared, hosts)];
  const via = declared.redis.via ?? "auto";
  const auto = hosts.some((host) => typeof host.ssh === "object") ? "ssh" : "direct";
  return {
    name,
    file: around.file,
    kind: declared.topology,
    ...present({ masterName: declared.master_name }),
    engine: engineOf(declared),
    hosts,
    instances,
    ...sentinelOf(declared),
    ...(declared.topology === "cluster"
      ? { cluster: { replicasPerPrimary: declared.cluster?.replicas_per_primary ?? 1 } }
      : {}),
    config: configOf(name, declared, source),
    ...present({ modules: declared.redis.modules, writeBytesPerSecond: bytesOf(declared.redis.write_rate) }),
    auth: authOf(declared.auth, around),
    ...usersOf(declared.users, around),
    ...tlsOf(name, declared, around),
    redisVia: via === "auto" ? auto : via,
    timeouts,
    ...policiesOf(declared, timeouts.connectMs, around),
    ...(declared.clients ? { clients: declared.clients } : {}),
    ...(declared.production ? { production: true } : {}),
    ...notifyOf(declared.notify, around),
  };
}

function engineOf({ engine, redis }: DeclaredDeployment): Deployment["engine"] {
  const { version, source, directory } = engine ?? {};
  const standby = instanceNamed(engine?.standby, redis);
  return { name: engine?.name ?? "redis", ...present({ version, source, directory, standby }) };
}

function instancesOf(kind: Instance["kind"], declared: DeclaredDeployment, hosts: readonly Host[]): Instance[] {
  const key = kind === "data" ? "redis" : "sentinel";
  const initial = kind === "data" ? instanceNamed(declared.redis.initial_primary, declared.redis) : undefined;
  return placed(declared[key], DEFAULT_PORT[key]).flatMap(({ host: name, port }) => {
    const host = hosts.find((each) => each.name === name);
    if (!host) return [];
    const id = `${name}:${port}`;
    const address = declared.hosts[name]?.redis_address ?? host.address;
    const offset = portOffsetOf(declared);
    const { listen, redis_ports: translated } = declared.hosts[name] ?? {};
    const own = port + offset;
    const reached = reachedPort(present({ translated }), own);
    const ports = present({
      ...{ port: reached, translated },
      listenPort: reached === own ? undefined : own,
      declaredPort: offset === 0 ? undefined : port,
    });
    const priority = kind === "data" ? priorityOf(declared, name, id) : undefined;
    return [{ id, kind, host, address, ...ports, ...present({ listen, priority }), initialPrimary: id === initial }];
  });
}

/** `r1` means the one instance on r1: the rules refuse it where there are several. */
function instanceNamed(entry: string | undefined, redis: DeclaredDeployment["redis"]): string | undefined {
  if (entry === undefined) return undefined;
  const { host, port } = splitEntry(entry);
  const there = placed(redis, DEFAULT_PORT.redis).find(
    (each) => each.host === host && (port ?? each.port) === each.port,
  );
  return there && `${there.host}:${there.port}`;
}

/** What is said of an instance goes before what is said of its host. */
function priorityOf({ redis }: DeclaredDeployment, host: string, id: string): number | undefined {
  return redis.replica_priority?.[id] ?? redis.replica_priority?.[host];
}

function sentinelOf({ sentinel }: DeclaredDeployment): Pick<Deployment, "sentinel"> {
  if (!sentinel) return {};
  const majority = Math.floor(placed(sentinel, DEFAULT_PORT.sentinel).length / 2) + 1;
  return {
    sentinel: {
      quorum: sentinel.quorum ?? majority,
      downAfterMs: milliseconds(sentinel.down_after) ?? SENTINEL.downAfterMs,
      failoverTimeoutMs: milliseconds(sentinel.failover_timeout) ?? SENTINEL.failoverTimeoutMs,
      parallelSyncs: sentinel.parallel_syncs ?? SENTINEL.parallelSyncs,
      ...present({ notificationScript: sentinel.notification_script, reconfigScript: sentinel.reconfig_script }),
    },
  };
}

/** Numbers as they are written: `1.10` is not `1.1` to everything that reads a config. */
function configOf(name: string, { redis }: DeclaredDeployment, source: YamlSource): Record<string, string> {
  return Object.fromEntries(
    Object.entries(redis.config ?? {}).map(([directive, value]) => {
      if (typeof value === "string") return [directive, value];
      const written = source.scalar(["deployments", name, "redis", "config", directive])?.source;
      return [directive, written ?? String(value)];
    }),
  );
}

function authOf(auth: DeclaredDeployment["auth"], around: Surroundings): Deployment["auth"] {
  const data = loginOf(auth?.operator, around);
  return { data, sentinel: auth?.sentinel === "same" ? data : loginOf(auth?.sentinel, around) };
}

function loginOf(login: NonNullable<DeclaredDeployment["auth"]>["operator"], around: Surroundings): RedisAuth {
  if (!login) return {};
  const { username, previous_username: previousUsername } = login;
  return { ...present({ username, previousUsername }), ...passwordsOf(login, around) };
}

function policiesOf(
  declared: DeclaredDeployment,
  connectMs: number,
  around: Surroundings,
): Pick<Deployment, "firewall" | "time" | "exporter" | "backup" | "drill" | "preflight" | "waivers"> {
  const { firewall, time, monitoring, backup, drill, preflight } = declared;
  const limits = drill?.budget;
  const budget = {
    writeOutageMs: milliseconds(limits?.write_outage),
    readOutageMs: milliseconds(limits?.read_outage),
    recoveryMs: milliseconds(limits?.recovery),
    lostWrites: limits?.lost_writes,
    clients: limits?.clients,
    window: windowOf(drill?.window),
  };
  return present({
    firewall: firewall && {
      manager: firewall.manager,
      trusted: firewall.trusted ?? [],
      clients: firewall.clients ?? [],
    },
    time: time && { manager: time.manager ?? "timesyncd", servers: time.servers ?? [] },
    exporter: exporterOf(monitoring?.exporter),
    backup: backupOf(backup, connectMs, around),
    drill: drill && present(budget),
    preflight: preflight && present({ profile: preflight.profile, prometheus: preflight.prometheus }),
    waivers: preflight?.waive?.map((waiver) => present(waiver)),
  });
}

function exporterOf(declared: NonNullable<DeclaredDeployment["monitoring"]>["exporter"]): ExporterPolicy | undefined {
  if (!declared) return undefined;
  const { on, port = 9121, sentinel_port: sentinelPort = 9122, from = [], program, user = "prometheus" } = declared;
  return { on, port, sentinelPort, from, user, ...present({ program }) };
}

function windowOf(window: NonNullable<DeclaredDeployment["drill"]>["window"]): DrillWindow | undefined {
  if (!window) return undefined;
  const { days = [...WEEKDAYS], from, to, timezone = "UTC" } = window;
  return { days, fromMinute: minuteOf(from), toMinute: minuteOf(to), timezone };
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}
