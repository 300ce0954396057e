import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { certificateOf, trustOf } from "./certificates.ts";
import { aclHash, type Credentials, USER } from "./credentials.ts";
import { isAtLeast } from "./engines.ts";
import { dataNodes, type LabProcess, type LabSpec, sentinelNodes } from "./spec.ts";

type Directive = readonly [name: string, ...values: (string | number)[]];

/** Name of the configuration in a process's folder. */
export const CONF = { redis: "redis.conf", sentinel: "sentinel.conf" } as const;

/** Writes the folder of every data node and Sentinel: configuration, users, place for data. */
export async function writeRedisConfigs(spec: LabSpec, credentials: Credentials | undefined): Promise<void> {
  for (const node of dataNodes(spec)) {
    await mkdir(join(node.folder, "data"), { recursive: true, mode: 0o700 });
    if (credentials && spec.auth === "acl") {
      await writePrivate(join(node.folder, "users.acl"), dataUsers(spec, credentials).map(render).join(""));
    }
    await writePrivate(join(node.folder, CONF.redis), dataDirectives(spec, node, credentials).map(render).join(""));
  }
  for (const node of sentinelNodes(spec)) {
    // Sentinel rewrites its file by renaming a new one over it: the folder must be its own and writable.
    await mkdir(node.folder, { recursive: true, mode: 0o700 });
    await writePrivate(
      join(node.folder, CONF.sentinel),
      sentinelDirectives(spec, node, credentials).map(render).join(""),
    );
  }
}

function dataDirectives(spec: LabSpec, node: LabProcess, credentials: Credentials | undefined): Directive[] {
  const leader = spec.processes.find((process) => process.id === node.follows);
  const ours: Directive[] = [
    ...listening(spec, node),
    ["dir", join(node.folder, "data")],
    // Written out because what is the default differs by version.
    ["save", 3600, 1],
    ["save", 300, 100],
    ["save", 60, 10000],
    ["appendonly", "no"],
    // A lab is to be ready in seconds; the default waits five for more replicas to come.
    ["repl-diskless-sync-delay", 0],
    ["replica-announce-ip", node.address],
    ...(spec.topology === "cluster" ? clusterDirectives(spec, node) : []),
    ...(spec.topology !== "cluster" && leader ? [["replicaof", leader.address, leader.port] as const] : []),
    ...(spec.tls && spec.topology === "cluster" ? [["tls-cluster", "yes"] as const] : []),
    ...(credentials ? dataAuth(spec, node, credentials) : []),
  ];
  const asked = Object.entries(spec.config).map(([name, value]): Directive => [name, value]);
  return [...ours.filter(([name]) => !(name in spec.config)), ...asked];
}

function clusterDirectives(spec: LabSpec, node: LabProcess): Directive[] {
  return [
    ["cluster-enabled", "yes"],
    ["cluster-config-file", "nodes.conf"],
    ["cluster-node-timeout", spec.down_after_ms],
    ["cluster-announce-ip", node.address],
  ];
}

function dataAuth(spec: LabSpec, node: LabProcess, credentials: Credentials): Directive[] {
  if (spec.auth === "acl") {
    return [
      ["aclfile", join(node.folder, "users.acl")],
      ["masteruser", USER.replication],
      ["masterauth", credentials.replication.reveal()],
    ];
  }
  return [
    ["requirepass", credentials.operator.reveal()],
    ["masterauth", credentials.operator.reveal()],
  ];
}

/** Users of a data node. What each may do is the least that was seen to work, down to the channel that Sentinels meet on. */
function dataUsers(spec: LabSpec, credentials: Credentials): Directive[] {
  // Redis 6.0 knows no channels and refuses to start where a rule names one.
  const channels = isAtLeast(spec.engine, 6, 2);
  const coordinated = spec.engine.name === "valkey" && isAtLeast(spec.engine, 9) ? ["+failover", "+client|pause"] : [];
  return [
    ["user", "default", "off"],
    ["user", USER.operator, "on", aclHash(credentials.operator), "~*", ...(channels ? ["&*"] : []), "+@all"],
    [
      ...(["user", USER.replication, "on", aclHash(credentials.replication), "resetkeys"] as const),
      ...(channels ? ["resetchannels"] : []),
      ...["-@all", "+psync", "+replconf", "+ping"],
    ],
    [
      ...(["user", USER.sentinel, "on", aclHash(credentials.sentinel), "resetkeys"] as const),
      ...(channels ? ["resetchannels", "&__sentinel__:hello"] : []),
      ...["-@all", "+ping", "+info", "+subscribe", "+publish", "+multi", "+exec", "+slaveof", "+config|rewrite"],
      ...["+client|setname", "+client|kill", "+script|kill", ...coordinated],
    ],
  ];
}

function sentinelDirectives(spec: LabSpec, node: LabProcess, credentials: Credentials | undefined): Directive[] {
  const primary = dataNodes(spec).find((each) => each.follows === null);
  if (!primary) return [];
  const group = spec.master_name;
  return [
    ...listening(spec, node),
    ["dir", node.folder],
    ["sentinel", "announce-ip", node.address],
    ["sentinel", "monitor", group, primary.address, primary.port, spec.quorum],
    ["sentinel", "down-after-milliseconds", group, spec.down_after_ms],
    ["sentinel", "failover-timeout", group, spec.failover_timeout_ms],
    ["sentinel", "parallel-syncs", group, 1],
    ...(credentials ? sentinelAuth(spec, credentials) : []),
  ];
}

/** How a Sentinel logs in to data nodes, who may log in to it, and how it logs in to its peers. */
function sentinelAuth(spec: LabSpec, credentials: Credentials): Directive[] {
  const group = spec.master_name;
  const password = credentials.sentinel.reveal();
  const toData: Directive[] = [
    ...(spec.auth === "acl" ? [["sentinel", "auth-user", group, USER.sentinel] as const] : []),
    ["sentinel", "auth-pass", group, password],
  ];
  if (!sentinelHasUsers(spec)) return [...toData, ["requirepass", password]];
  return [
    ...toData,
    ["user", "default", "off"],
    ["user", USER.operator, "on", aclHash(credentials.operator), "~*", "&*", "+@all"],
    ["user", USER.sentinel, "on", aclHash(credentials.sentinel), "~*", "&*", "+@all"],
    ["sentinel", "sentinel-user", USER.sentinel],
    ["sentinel", "sentinel-pass", password],
  ];
}

/** Sentinel has users of its own from 6.2 on; before, one password opens it to everybody. */
export function sentinelHasUsers(spec: LabSpec): boolean {
  return spec.auth === "acl" && isAtLeast(spec.engine, 6, 2);
}

/** What data nodes and Sentinels have in common: address, port, TLS, log. */
function listening(spec: LabSpec, node: LabProcess): Directive[] {
  return [
    ["bind", node.address],
    // Redis takes only 127.0.0.1 for loopback, so protected mode would refuse the lab's own addresses.
    ["protected-mode", "no"],
    // Before 7.0 connections leave from the first address of `bind` without being told.
    ...(isAtLeast(spec.engine, 7) ? [["bind-source-addr", node.address] as const] : []),
    ["port", spec.tls ? 0 : node.port],
    ...(spec.tls
      ? [
          ["tls-port", node.port] as const,
          ["tls-cert-file", join(spec.folder, certificateOf(node.host))] as const,
          ["tls-key-file", join(spec.folder, certificateOf(node.host))] as const,
          ["tls-ca-cert-file", join(spec.folder, trustOf(node.host))] as const,
          // The peers check each other; clients need no certificate.
          ["tls-auth-clients", "no"] as const,
          ["tls-replication", "yes"] as const,
        ]
      : []),
    ["daemonize", "no"],
    ["pidfile", join(node.folder, `${node.service}.pid`)],
    // Standard output, which is a file in this folder.
    ["logfile", ""],
  ];
}

function render([name, ...values]: Directive): string {
  return `${[name, ...values.map((value) => quoteDirective(String(value)))].join(" ")}\n`;
}

/** Redis splits a line of its configuration like a shell would, with backslash escapes inside double quotes. */
function quoteDirective(value: string): string {
  return /^[^\s"'\\]+$/.test(value) ? value : `"${value.replace(/[\\"]/g, "\\$&")}"`;
}

function writePrivate(path: string, text: string): Promise<void> {
  return writeFile(path, text, { mode: 0o600 });
}
