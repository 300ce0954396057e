import { isIP } from "node:net";
import { type ConfLine, directivesOf, parseConf, renderConf } from "../conf/conf-file.ts";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";
import { mergeRedisConf, mergeSentinelConf } from "../conf/merge-conf.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { busPort } from "../firewall/needs.ts";
import type { Deployment, Instance } from "../inventory/model.ts";
import { namedPort, ownPort, reachedPort } from "../inventory/ports.ts";
import { present } from "../inventory/to-values.ts";
import { type RenderedConf, renderRedisConf, type TlsNeeds } from "../render/redis-conf.ts";
import { renderSentinelConf, sentinelKnowsUsers } from "../render/sentinel-conf.ts";
import { renderUsers } from "../render/users.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import { homeOf } from "./homes.ts";
import { keepDefault, keepPrevious, previousPasswords } from "./keep-previous.ts";
import { linesOf, userLinesOf } from "./lines.ts";
import { movedLines } from "./moved.ts";
import { isStalePeer } from "./sentinel-differences.ts";
import type { Situation } from "./situation.ts";
import { unitFiles } from "./unit-files.ts";

/** One file as it should be. */
export interface DesiredFile {
  readonly path: string;
  readonly owner: string;
  readonly mode: string;
  readonly kind: "redis" | "sentinel" | "users" | "unit";
  /** As rendered, without what a server wrote into the live one. */
  readonly rendered: string;
  /** The rendered one with what is kept of the live one. */
  merged(live: string | undefined): readonly ConfLine[];
}

/** The text that goes on the host. An ACL file knows no quotes. */
export function contentOf({ kind, merged, rendered }: DesiredFile, live: string | undefined): string {
  if (kind === "unit") return rendered;
  const lines = merged(live);
  if (kind !== "users") return renderConf(lines);
  return lines.map((line) => ("name" in line ? [line.name, ...line.values].join(" ") : line.text)).join("\n");
}

/** A primary that no replica hears stops taking writes; with two servers it would stop whenever one of them is away. */
const MIN_REPLICAS = { servers: 3, wanted: 1 };

/** Every file of an instance. Fails with INIT_… or DIRECTIVE_UNKNOWN, exit 2, where redisha.yaml cannot be rendered. */
export async function desiredFiles(
  instance: Instance,
  deployment: Deployment,
  situation: Situation,
): Promise<DesiredFile[]> {
  const credentials = await readCredentials(deployment);
  const previous = await previousPasswords(deployment);
  const owner = ownerOf(deployment, instance);
  const conf = { path: homeOf(deployment, instance).conf, owner, mode: "0640" };
  const units = unitFiles(instance, deployment);
  if (instance.kind === "sentinel") {
    const rendered = sentinelConf(instance, deployment, situation, credentials);
    const merged = (live: string | undefined) => {
      const lines = mergedSentinel(rendered, live, instance, deployment, situation);
      const kept = keepPrevious(lines, linesOf(live ?? ""), previous);
      return deployment.auth.sentinel.previousUsername === undefined ? kept : keepDefault(kept, linesOf(live ?? ""));
    };
    return [...units, { ...conf, kind: "sentinel", rendered, merged }];
  }
  const { text } = redisConf(instance, deployment, situation, credentials);
  const follows = situation.follows[instance.id] ?? null;
  const users = usersFile(instance, deployment, situation, credentials);
  return [
    ...units,
    {
      ...{ path: homeOf(deployment, instance).acl ?? "", owner, mode: "0640", kind: "users", rendered: users },
      merged: (live) => keepPrevious(userLinesOf(users), userLinesOf(live ?? ""), previous),
    },
    { ...conf, kind: "redis", rendered: text, merged: (live) => mergedRedis(text, live, follows) },
  ];
}

function supervisedBy({ engine }: Deployment): { supervised?: "auto" } {
  return engine.source === "directory" ? { supervised: "auto" } : {};
}

function ownerOf(deployment: Deployment, instance: Instance): string {
  const { user } = homeOf(deployment, instance);
  return `${user}:${user}`;
}

function engineOf(instance: Instance, { engine }: Deployment, situation: Situation) {
  return { name: engine.name, version: situation.engine[instance.id] ?? engine.version ?? "0" };
}

function redisConf(
  instance: Instance,
  deployment: Deployment,
  situation: Situation,
  { replication }: Credentials,
): RenderedConf {
  const { id, address, host, listen, priority } = instance;
  const home = homeOf(deployment, instance);
  const data = deployment.instances.filter(({ kind }) => kind === "data");
  const cluster = deployment.kind === "cluster";
  if (deployment.config.activedefrag === "yes" && deployment.engine.source !== "directory") throw noDefrag();
  return renderRedisConf({
    ...{ id, deployment: deployment.name, engine: engineOf(instance, deployment, situation), address },
    ...portsOf(instance),
    paths: { data: home.data, log: home.log, pid: home.pid, ...(home.acl === null ? {} : { acl: home.acl }) },
    ...tlsNeedsOf(instance, deployment),
    ...supervisedBy(deployment),
    replication: { user: replication.name, password: replication.passwords[0] ?? "" },
    host: {
      memoryBytes: situation.hosts[host.name]?.memory ?? 0,
      dataInstances: data.filter((each) => each.host.name === host.name).length,
    },
    minReplicas: !cluster && data.length >= MIN_REPLICAS.servers ? MIN_REPLICAS.wanted : 0,
    ...(cluster ? { cluster: clusterNeeds(instance, deployment, engineOf(instance, deployment, situation)) } : {}),
    ...present({ listen, priority, modules: deployment.modules, writeBytesPerSecond: deployment.writeBytesPerSecond }),
    config: deployment.config,
  });
}

/** Debian builds with the allocator of the system, and a server of it that is told to defragment does not start. */
function noDefrag(): RedishaError {
  return new RedishaError({
    code: "INIT_NO_DEFRAG",
    message: "Servers of Debian's packages cannot defragment: with activedefrag they would not start.",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["take activedefrag out of redis.config", "engine: { source: directory }, with programs that can"],
  });
}

/** With a second port for TLS, the bus stays where the first one has it: all nodes know it there. */
function clusterNeeds(instance: Instance, deployment: Deployment, engine: EngineVersion) {
  const own = { nodeTimeoutMs: 5_000, declaredPort: namedPort(instance), ...translatedPorts(instance, deployment) };
  if (isIP(instance.address) === 0 && knownDirective("cluster-announce-hostname", engine) === undefined) {
    throw noNames(instance.id, engine);
  }
  const bus = busPort(deployment, instance);
  if ((deployment.serverTls?.portOffset ?? 0) === 0 || bus === undefined) return own;
  if (knownDirective("cluster-port", engine) === undefined) throw busIsTied(instance.id, engine);
  return { ...own, busPort: bus };
}

/** Where it listens, and what it tells others, who may reach it at another port. */
function portsOf(instance: Instance) {
  return { port: ownPort(instance), announce: { host: instance.address, port: instance.port } };
}

/** Where other nodes and clients of a Cluster reach its ports, where one of them is translated. */
function translatedPorts(instance: Instance, deployment: Deployment) {
  const { serverTls, tls } = deployment;
  const bus = busPort(deployment, instance);
  if (!instance.translated || bus === undefined) return {};
  const above = ownPort(instance) + (serverTls?.plainToo ? serverTls.portOffset : 0);
  return {
    announced: {
      port: instance.port,
      bus: reachedPort(instance, bus),
      ...(tls || serverTls ? { tlsPort: reachedPort(instance, above) } : {}),
    },
  };
}

function noNames(id: string, { name, version }: EngineVersion): RedishaError {
  return new RedishaError({
    code: "INIT_CLUSTER_NAMES",
    message: `${id} runs ${name} ${version}, whose nodes know each other, and tell clients of each other, by addresses only.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["give hosts of this Cluster addresses in place of names, or redis_address beside them"],
  });
}

function busIsTied(id: string, { name, version }: EngineVersion): RedishaError {
  return new RedishaError({
    code: "INIT_CLUSTER_BUS",
    message: `${id} runs ${name} ${version}, whose cluster bus is always 10000 above the port of its clients: it cannot move to a second port for TLS.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["upgrade to Redis 7.0 or later, and then move to TLS", "or a new Cluster with tls and no port_offset"],
  });
}

function sentinelConf(
  instance: Instance,
  deployment: Deployment,
  situation: Situation,
  { sentinel, sentinelOperator }: Credentials,
): string {
  const { id, address, listen } = instance;
  const home = homeOf(deployment, instance);
  const primary = deployment.instances.find((each) => each.id === situation.primary);
  if (!primary || !deployment.sentinel) throw new TypeError("Sentinels are rendered for a primary");
  const engine = engineOf(instance, deployment, situation);
  if (!sentinelKnowsUsers(engine) && sentinelOperator && sentinelOperator.name !== "default") {
    throw noUsers(instance.id, engine);
  }
  return renderSentinelConf({
    ...{ id, deployment: deployment.name, engine: engineOf(instance, deployment, situation), address },
    ...portsOf(instance),
    paths: { data: home.data, log: home.log, pid: home.pid },
    ...tlsNeedsOf(instance, deployment),
    ...supervisedBy(deployment),
    group: deployment.masterName ?? "",
    primary: { host: primary.address, port: primary.port },
    ...deployment.sentinel,
    ...present({ listen }),
    hostnames: deployment.instances.some((each) => isIP(each.address) === 0),
    ...(sentinel ? { dataLogin: { user: sentinel.name, password: sentinel.passwords[0] ?? "" }, peer: sentinel } : {}),
    ...(sentinelOperator ? { operator: sentinelOperator } : {}),
  });
}

function noUsers(id: string, { name, version }: { name: string; version: string }): RedishaError {
  return new RedishaError({
    code: "INIT_SENTINEL_USERS",
    message: `${id} runs ${name} ${version}, whose Sentinels know no users, and redisha.yaml has redisha log in to it as one.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["auth: { sentinel: { password: { env: SENTINEL_PASSWORD } } }, without a username"],
  });
}

function usersFile(
  instance: Instance,
  deployment: Deployment,
  situation: Situation,
  { operator, replication, sentinel, exporter, applications, open }: Credentials,
): string {
  return renderUsers({
    engine: engineOf(instance, deployment, situation),
    ...{ operator, replication, applications },
    ...present({ sentinel, exporter, open }),
  });
}

/**
 * What a server writes into redis.conf and is not kept: whom it follows is what was found to be so; with users beside an ACL
 * file it would not start; modules are those that are declared.
 */
const NOT_KEPT = ["replicaof", "slaveof", "user", "requirepass", "loadmodule"];

function mergedRedis(rendered: string, live: string | undefined, follows: string | null): ConfLine[] {
  const written = linesOf(live ?? "").filter((line) => !("name" in line) || !NOT_KEPT.includes(line.name));
  const lines = mergeRedisConf(parseConf(rendered), written);
  if (follows === null) return lines;
  const colon = follows.lastIndexOf(":");
  return [...lines, { name: "replicaof", values: [follows.slice(0, colon), follows.slice(colon + 1)] }];
}

/**
 * What a Sentinel learned is kept where it watched a server of this deployment: a package's file names 127.0.0.1. One that
 * alone names another primary forgets it, and since when: else its word would be as good as that of the others.
 */
function mergedSentinel(
  rendered: string,
  live: string | undefined,
  { id }: Instance,
  deployment: Deployment,
  situation: Situation,
): readonly ConfLine[] {
  const known = addressesOf(deployment);
  const isStale = (line: ConfLine) => known !== undefined && "name" in line && isStalePeer(line, known);
  const found = movedLines(linesOf(live ?? ""), deployment).filter((line) => !isStale(line));
  const monitor = directivesOf(found).find(
    ({ name, values }) => name === "sentinel" && values[0] === "monitor" && values[1] === deployment.masterName,
  );
  const [, , address = "", port = ""] = monitor?.values ?? [];
  const ours = deployment.instances.some((each) => each.address === address && String(each.port) === port);
  const primary = deployment.instances.find((each) => each.id === situation.primary);
  const names = situation.instances[id]?.names ?? null;
  if (primary && names === `${address}:${port}` && names !== `${primary.address}:${primary.port}`) {
    const WRONG = ["monitor", "config-epoch", "leader-epoch"];
    const right = found.filter((line) => !("name" in line) || !WRONG.includes(line.values[0] ?? ""));
    return mergeSentinelConf(parseConf(rendered), right);
  }
  return ours ? mergeSentinelConf(parseConf(rendered), found) : parseConf(rendered);
}

/** Every address of the deployment as `host:port`; undefined where it goes by names, which Sentinel may write as addresses. */
export function addressesOf({ instances }: Deployment): ReadonlySet<string> | undefined {
  if (instances.some(({ address }) => isIP(address) === 0)) return undefined;
  return new Set(instances.map(({ address, port }) => `${address}:${port}`));
}

/** As it is rendered; undefined without TLS. Fails with INIT_TLS where it is asked for, and no certificates are declared. */
function tlsNeedsOf(instance: Instance, deployment: Deployment): { tls?: TlsNeeds } {
  const { tls, serverTls } = deployment;
  if (!tls && !serverTls) return {};
  if (!serverTls) throw noCertificates();
  const { pair, ca } = homeOf(deployment, instance).tls;
  const port = ownPort(instance) + (serverTls.plainToo ? serverTls.portOffset : 0);
  return { tls: { ...serverTls, port, cert: pair, key: pair, ca } };
}

function noCertificates(): RedishaError {
  return new RedishaError({
    code: "INIT_TLS",
    message: "redisha.yaml asks for TLS, and says nothing of the certificates that servers are to have.",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      "tls: { authority: {} }, for an authority of redisha's own",
      "tls: { ca: …, files: { r1: { cert: …, key: … } } }",
    ],
  });
}
