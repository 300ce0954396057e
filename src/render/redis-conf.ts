import { isIP } from "node:net";
import { type ConfLine, type Directive, parseConf, quoteValue, renderConf } from "../conf/conf-file.ts";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { parseBytes } from "../core/units.ts";
import { backlogOf, maxmemoryOf, outputBufferOf } from "./sizes.ts";
import { renderTemplate } from "./template.ts";

/** What redis.conf of one instance depends on. Paths are those of its host. */
export interface RedisConfNeeds {
  readonly id: string;
  readonly deployment: string;
  readonly engine: EngineVersion;
  readonly address: string;
  readonly port: number;
  /** Address of its own that it listens on, where `address` is translated to it. */
  readonly listen?: string;
  /** Where others reach it under another address than it listens on. */
  readonly announce?: { readonly host: string; readonly port: number };
  readonly paths: { readonly data: string; readonly log: string; readonly pid: string; readonly acl?: string };
  readonly tls?: TlsNeeds;
  /** `systemd`, the default, for a unit that waits for word of its server; `auto` for one of redisha's own. */
  readonly supervised?: "systemd" | "auto";
  /** How it logs in to its primary. */
  readonly replication?: { readonly user?: string; readonly password: string };
  readonly host: { readonly memoryBytes: number; readonly dataInstances: number };
  readonly writeBytesPerSecond?: number;
  readonly minReplicas: number;
  /** `replica-priority`; default 100. */
  readonly priority?: number;
  /** Modules that it loads: a path, and arguments behind it. */
  readonly modules?: readonly string[];
  readonly cluster?: {
    readonly nodeTimeoutMs: number;
    /** Which the file of nodes is named after: the declared one, also where TLS is on another. Default: `port`. */
    readonly declaredPort?: number;
    /** Where the bus listens, whichever port clients come to; undefined: 10000 above that. */
    readonly busPort?: number;
    /** Where others reach its ports, where one of them is translated on the way. */
    readonly announced?: { readonly port: number; readonly bus: number; readonly tlsPort?: number };
  };
  /** `redis.config` of redisha.yaml: Redis' own directives, values as they stand there. */
  readonly config: Readonly<Record<string, string>>;
}

export interface TlsNeeds {
  /** Where it takes TLS connections. */
  readonly port: number;
  /** Whether it takes plain ones beside, at its own port, and speaks plain to other servers. */
  readonly plainToo: boolean;
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly clients: "yes" | "no" | "optional";
  readonly protocols: readonly string[];
  readonly ciphers?: string;
  readonly ciphersuites?: string;
}

/** For templates: what is not declared is null. */
export function tlsValues(tls: TlsNeeds | undefined) {
  return tls ? { ...tls, ciphers: tls.ciphers ?? null, ciphersuites: tls.ciphersuites ?? null } : null;
}

export interface RenderedConf {
  readonly text: string;
  /** Directives of the template that this server does not know. */
  readonly leftOut: readonly string[];
}

/** Renders redis.conf. Fails with DIRECTIVE_UNKNOWN where redisha.yaml asks for one that this server would refuse. */
export function renderRedisConf(needs: RedisConfNeeds): RenderedConf {
  refuseUnknown(needs);
  const template = parseConf(renderTemplate("redis.conf.eta", valuesOf(needs)));
  const known = (line: ConfLine) => !("name" in line) || knownDirective(line.name, needs.engine) !== undefined;
  const lines = overridden(template.filter(known), needs.config);
  const leftOut = new Set(template.flatMap((line) => ("name" in line && !known(line) ? [line.name] : [])));
  return { text: renderConf([...lines, ...modulesOf(needs)]), leftOut: [...leftOut] };
}

function modulesOf({ modules = [] }: RedisConfNeeds): ConfLine[] {
  if (modules.length === 0) return [];
  return [{ text: "" }, { text: "# Modules" }, ...modules.map((module) => directiveOf("loadmodule", module))];
}

/** What redisha.yaml says takes the place of what the template says; what the template does not have comes behind it. */
function overridden(lines: readonly ConfLine[], config: Readonly<Record<string, string>>): ConfLine[] {
  const wanted = new Map(Object.entries(config).map(([name, value]) => [name, directiveOf(name, value)]));
  const done = new Set<string>();
  const replaced = lines.flatMap((line): ConfLine[] => {
    const own = "name" in line ? wanted.get(line.name) : undefined;
    if (!own) return [line];
    if (done.has(own.name)) return [];
    done.add(own.name);
    return [own];
  });
  const more = [...wanted.values()].filter(({ name }) => !done.has(name));
  return more.length === 0 ? replaced : [...replaced, { text: "" }, { text: "# From redisha.yaml" }, ...more];
}

/** The value is split into words as in a file; one that is empty stays one word, as `save ""` needs it. */
function directiveOf(name: string, value: string): Directive {
  const [line] = parseConf(`${name} ${value}`);
  const values = line && "name" in line ? line.values : [];
  return { name, values: values.length === 0 ? [""] : values };
}

function refuseUnknown({ id, engine, config }: RedisConfNeeds): void {
  const unknown = Object.keys(config).filter((name) => knownDirective(name, engine) === undefined);
  if (unknown.length === 0) return;
  throw new RedishaError({
    code: "DIRECTIVE_UNKNOWN",
    message: `${engine.name} ${engine.version} on ${id} does not know ${unknown.join(", ")}, which redis.config of redisha.yaml asks for. It would not start.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["take it out of redis.config, or declare the engine version that has it"],
  });
}

/**
 * By directive. With TLS on the bus a node tells of its TLS port; before 6.2 `cluster-announce-port` is that one, and from then on
 * the plain one, of which there is none beside TLS (cluster.c, deriveAnnouncedPorts).
 */
function announcedPorts({ cluster, tls, engine }: RedisConfNeeds): Record<string, number> {
  const { announced, busPort } = cluster ?? {};
  if (!announced) {
    const tlsPort = tls && !tls.plainToo ? { "cluster-announce-tls-port": tls.port } : {};
    return busPort === undefined ? {} : { "cluster-announce-bus-port": busPort, ...tlsPort };
  }
  const modern = knownDirective("cluster-announce-tls-port", engine) !== undefined;
  const plain = !tls || tls.plainToo || !modern;
  return {
    ...(plain ? { "cluster-announce-port": announced.port } : {}),
    ...(announced.tlsPort === undefined ? {} : { "cluster-announce-tls-port": announced.tlsPort }),
    "cluster-announce-bus-port": announced.bus,
  };
}

function valuesOf(needs: RedisConfNeeds): object {
  const memory = maxmemoryOf(needs.host.memoryBytes, needs.host.dataInstances);
  // Up to Redis 6.2 the backlog counts as used memory.
  const limit = parseBytes(needs.config.maxmemory ?? "") || memory.bytes;
  const backlog = backlogOf(limit, needs.writeBytesPerSecond);
  const modern = knownDirective("bind-source-addr", needs.engine) !== undefined;
  const packed = knownDirective("hash-max-listpack-entries", needs.engine) === undefined ? "ziplist" : "listpack";
  const own = needs.listen ?? needs.address;
  return {
    q: quoteValue,
    packed,
    id: needs.id,
    deployment: needs.deployment,
    bind: [...new Set([own, "127.0.0.1", ...(modern ? ["-::1"] : [])])],
    // Before 7.0 connections leave from the first address of `bind` without being told.
    bind_source: modern ? own : null,
    port: needs.port,
    announce: needs.announce ?? { host: needs.address, port: needs.port },
    tls: tlsValues(needs.tls),
    supervised: needs.supervised ?? "systemd",
    paths: { ...needs.paths, acl: needs.paths.acl ?? null },
    replication_user: needs.replication?.user ?? null,
    replication_password: needs.replication?.password ?? null,
    maxmemory: memory.bytes,
    memory_reason: memory.reason,
    backlog: backlog.bytes,
    backlog_reason: backlog.reason,
    output_buffer: outputBufferOf(backlog.bytes),
    priority: needs.priority ?? 100,
    min_replicas: needs.minReplicas,
    cluster: needs.cluster
      ? {
          file: `nodes-${needs.cluster.declaredPort ?? needs.port}.conf`,
          node_timeout_ms: needs.cluster.nodeTimeoutMs,
          bus: needs.cluster.busPort ?? null,
          announced: announcedPorts(needs),
          // Nodes know each other by addresses, and tell clients the name.
          hostname: isIP(needs.address) === 0 ? needs.address : null,
        }
      : null,
  };
}
