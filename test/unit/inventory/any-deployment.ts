import fc from "fast-check";
import type { SshSettings } from "../../../src/connect/types.ts";
import type { Deployment, Host, Instance } from "../../../src/inventory/model.ts";

const word = fc.stringMatching(/^[a-z][a-z0-9-]{0,7}$/);
const text = fc.string({ minLength: 1, maxLength: 12, unit: "grapheme" }).filter((value) => value.trim() === value);
const ms = fc.integer({ min: 1, max: 10_000_000 });
const port = fc.integer({ min: 1, max: 50_000 });
const path = fc.stringMatching(/^\/[a-zA-Z][a-zA-Z0-9 ._-]{0,11}$/);
const address = fc.oneof(
  fc.ipV4(),
  fc.ipV6().filter((ip) => !ip.includes(".")),
  fc.domain(),
);

function maybe<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

/** Without the keys that are undefined, as the model has it. */
function compact<T extends object>(object: T): T {
  return JSON.parse(JSON.stringify(object));
}

const ssh: fc.Arbitrary<SshSettings | "local" | "none"> = fc.oneof(
  fc.constantFrom("local", "none"),
  fc
    .record({
      adapter: fc.constantFrom("ssh2", "openssh"),
      user: maybe(text),
      port: maybe(port),
      identity: maybe(path),
      knownHosts: maybe(path),
      jump: maybe(text),
      become: fc.constantFrom("sudo", "none"),
      connectTimeoutMs: ms,
      configFile: maybe(path),
    })
    .map((settings) => compact(settings) as SshSettings),
);

const hosts: fc.Arbitrary<{ host: Host; redis: string | undefined; data: number[]; sentinels: number[] }[]> =
  fc.uniqueArray(
    fc
      .record({
        host: fc.record({ name: word, address, zone: maybe(text), ssh }).map((host) => compact(host) as Host),
        redis: maybe(address),
        ports: fc.uniqueArray(port, { minLength: 1, maxLength: 4 }),
        split: fc.nat(3),
      })
      .map(({ ports, split, ...rest }) => ({
        ...rest,
        data: ports.slice(0, split + 1),
        sentinels: ports.slice(split + 1),
      })),
    {
      minLength: 1,
      maxLength: 5,
      comparator: (a, b) => a.host.name === b.host.name || endpointOf(a) === endpointOf(b),
    },
  );

function endpointOf({ host, redis }: { host: Host; redis: string | undefined }): string {
  return (redis ?? host.address).toLowerCase();
}

/** Any deployment that redisha.yaml can declare, logins aside: those are functions. `file` is left to the reader. */
export const anyDeployment: fc.Arbitrary<Deployment> = fc
  .record({
    name: word,
    kind: fc.constantFrom("replication", "sentinel", "cluster"),
    places: hosts,
    primary: fc.option(fc.nat()),
    engine: fc.record({
      name: fc.constantFrom("redis", "valkey", "keydb", "dragonfly"),
      version: maybe(fc.constantFrom("7", "7.0", "7.10", "8.0.2")),
      source: maybe(fc.constant("apt")),
    }),
    sentinel: fc.record({
      quorum: fc.nat(),
      downAfterMs: ms,
      failoverTimeoutMs: ms,
      parallelSyncs: fc.integer({ min: 1, max: 9 }),
    }),
    replicas: fc.nat(3),
    config: fc.dictionary(fc.constantFrom("maxmemory", "save", "appendonly", "notify-keyspace-events"), text),
    tls: maybe(fc.record({ ca: maybe(path), serverName: maybe(text) })),
    via: fc.constantFrom("ssh", "direct"),
    timeouts: fc.record({ connectMs: ms, commandMs: ms }),
    drill: maybe(fc.record({ writeOutageMs: ms, lostWrites: fc.nat(100) })),
  })
  .map(({ places, primary, sentinel, replicas, via, kind, ...rest }) => {
    const hosts = places.map(({ host }) => host);
    const on = (its: Instance["kind"], ports: "data" | "sentinels") =>
      places.flatMap(({ host, redis, ...each }) =>
        each[ports].map((at) => ({
          id: `${host.name}:${at}`,
          kind: its,
          host,
          address: redis ?? host.address,
          port: at,
          initialPrimary: false,
        })),
      );
    const data = on("data", "data");
    const first = kind === "cluster" || primary === null ? undefined : data[primary % data.length]?.id;
    const sentinels = on("sentinel", "sentinels");
    const watched = kind === "sentinel" && sentinels.length > 0;
    return compact({
      ...rest,
      file: "",
      kind: kind === "sentinel" && !watched ? "replication" : kind,
      masterName: watched ? "mymaster" : undefined,
      hosts,
      instances: [
        ...data.map((each) => ({ ...each, initialPrimary: each.id === first })),
        ...(watched ? sentinels : []),
      ],
      sentinel: watched ? { ...sentinel, quorum: 1 + (sentinel.quorum % sentinels.length) } : undefined,
      cluster: kind === "cluster" ? { replicasPerPrimary: replicas } : undefined,
      auth: { data: {}, sentinel: {} },
      redisVia: via,
    }) as Deployment;
  });

/** How an operator would write the deployment, every key spelt out. */
export function declare(deployment: Deployment): unknown {
  const { engine, tls, drill, timeouts, sentinel, instances } = deployment;
  const on = (kind: Instance["kind"]) => instances.filter((each) => each.kind === kind).map(({ id }) => id);
  const redisAddress = (host: Host) => {
    const address = instances.find((each) => each.host.name === host.name)?.address;
    return address === host.address ? undefined : address;
  };
  return compact({
    topology: deployment.kind,
    master_name: deployment.masterName,
    engine,
    hosts: Object.fromEntries(
      deployment.hosts.map((host) => [
        host.name,
        { address: host.address, redis_address: redisAddress(host), zone: host.zone, ssh: declareSsh(host.ssh) },
      ]),
    ),
    redis: {
      on: on("data"),
      initial_primary: instances.find((each) => each.initialPrimary)?.id,
      via: deployment.redisVia,
      config: deployment.config,
    },
    sentinel: sentinel && {
      on: on("sentinel"),
      quorum: sentinel.quorum,
      down_after: `${sentinel.downAfterMs}ms`,
      failover_timeout: `${sentinel.failoverTimeoutMs}ms`,
      parallel_syncs: sentinel.parallelSyncs,
    },
    cluster: deployment.cluster && { replicas_per_primary: deployment.cluster.replicasPerPrimary },
    tls: tls && { ca: tls.ca, server_name: tls.serverName },
    timeouts: { connect: `${timeouts.connectMs}ms`, command: `${timeouts.commandMs}ms` },
    drill: drill && { budget: { write_outage: `${drill.writeOutageMs}ms`, lost_writes: drill.lostWrites } },
  });
}

function declareSsh(its: Host["ssh"]): unknown {
  if (typeof its === "string") return its;
  const { knownHosts, connectTimeoutMs, configFile, ...same } = its;
  return { ...same, known_hosts: knownHosts, connect_timeout: `${connectTimeoutMs}ms`, config: configFile };
}
