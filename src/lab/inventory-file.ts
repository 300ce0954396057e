import { writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { basename, dirname, join } from "node:path";
import { AUTHORITY, CA_FILE } from "./certificates.ts";
import { passwordFile, USER } from "./credentials.ts";
import { sentinelHasUsers } from "./redis-conf.ts";
import { dataNodes, type LabProcess, type LabSpec, memberNodes, sentinelNodes } from "./spec.ts";
import { SSH } from "./ssh-setup.ts";

/** Where the lab's redisha.yaml stands. */
export function inventoryFile(spec: LabSpec): string {
  return join(spec.folder, "redisha.yaml");
}

/** Writes the redisha.yaml that declares the lab, as an operator would have written it. */
export async function writeInventory(spec: LabSpec): Promise<void> {
  const { Document, isMap, isScalar, isSeq, visit } = await import("yaml");
  const document = new Document({ version: 1, deployments: { [spec.name]: deployment(spec) } });
  document.commentBefore = ` The redisha lab "${spec.name}"; it goes with: redisha lab down --name ${spec.name}`;
  visit(document, {
    Seq: (_, list) => {
      list.flow = true;
    },
    Map: (_, map) => {
      // What holds only values stands on one line: a host, an engine, a placement, a login.
      const isTiny = (value: unknown): boolean =>
        isMap(value) && value.items.length === 1 && isScalar(value.items[0]?.value);
      const isFlat = (value: unknown): boolean => isScalar(value) || isSeq(value) || isTiny(value);
      map.flow = map.items.length > 0 && map.items.every((item) => isFlat(item.value));
    },
    Pair: (_, pair) => {
      // A version such as 7.0 would otherwise be read as a number by many tools.
      if (
        isScalar(pair.key) &&
        pair.key.value === "version" &&
        isScalar(pair.value) &&
        typeof pair.value.value === "string"
      ) {
        pair.value.type = "QUOTE_DOUBLE";
      }
    },
  });
  await writeFile(inventoryFile(spec), document.toString({ lineWidth: 160, flowCollectionPadding: true }));
}

function deployment(spec: LabSpec): Record<string, unknown> {
  const nodes = dataNodes(spec);
  const sentinels = sentinelNodes(spec);
  const sshd = spec.processes.find((process) => process.service === "sshd");
  return {
    topology: spec.topology,
    ...(spec.topology === "sentinel" ? { master_name: spec.master_name } : {}),
    engine: { name: spec.engine.name, version: spec.engine.version, ...source(spec.engine.server) },
    hosts: Object.fromEntries(spec.hosts.map((host) => [host.name, { address: host.address, zone: host.zone }])),
    redis: {
      ...placement(nodes),
      ...(spec.topology === "cluster" ? {} : { initial_primary: nodes[0]?.host }),
      ...(Object.keys(spec.config).length > 0 ? { config: spec.config } : {}),
    },
    ...(sentinels.length > 0
      ? {
          sentinel: {
            ...placement(sentinels),
            quorum: spec.quorum,
            down_after: duration(spec.down_after_ms),
            failover_timeout: duration(spec.failover_timeout_ms),
            parallel_syncs: 1,
          },
        }
      : {}),
    ...(spec.topology === "cluster"
      ? { cluster: { replicas_per_primary: replicasPerPrimary(memberNodes(spec)) } }
      : {}),
    ...(spec.auth === "none" ? {} : { auth: auth(spec) }),
    ...(spec.auth === "acl" ? { users: users(spec) } : {}),
    ...(spec.tls ? { tls: { mode: "required", ca: CA_FILE, authority: { folder: AUTHORITY } } } : {}),
    ssh: sshd
      ? {
          user: userInfo().username,
          port: sshd.port,
          identity: SSH.identity,
          known_hosts: SSH.knownHosts,
          become: "none",
        }
      : "none",
  };
}

function placement(processes: readonly LabProcess[]): { on: string[]; port: number | undefined } {
  return { on: processes.map((process) => process.host), port: processes[0]?.port };
}

function replicasPerPrimary(nodes: readonly LabProcess[]): number {
  const primaries = nodes.filter((node) => node.follows === null).length;
  return (nodes.length - primaries) / primaries;
}

function source(server: string): Record<string, string> {
  const bin = dirname(server);
  return basename(bin) === "bin" ? { source: "directory", directory: dirname(bin) } : {};
}

function auth(spec: LabSpec): Record<string, unknown> {
  const operator = {
    ...(spec.auth === "acl" ? { username: USER.operator } : {}),
    password: { file: passwordFile("operator") },
  };
  if (spec.topology !== "sentinel") return { operator };
  if (spec.auth === "password" || sentinelHasUsers(spec)) return { operator, sentinel: "same" };
  return { operator, sentinel: { password: { file: passwordFile("sentinel") } } };
}

/** Users that servers log in as; the names are those that redisha takes where none is written. */
function users(spec: LabSpec): Record<string, unknown> {
  return {
    replication: { password: { file: passwordFile("replication") } },
    ...(spec.topology === "sentinel" ? { sentinel: { password: { file: passwordFile("sentinel") } } } : {}),
  };
}

function duration(ms: number): string {
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
