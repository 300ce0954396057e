import { isIP } from "node:net";
import { z } from "zod";
import type { Deployment, Instance } from "../../inventory/model.ts";
import { hostPort } from "../host-port.ts";
import { renderTemplate } from "../template.ts";
import { defineKind, unrenderable } from "./kind.ts";
import { monitorLogin } from "./logins.ts";
import { path, port } from "./option.ts";

const options = z.strictObject({
  bind: z.string().default("*").describe("Address that clients connect to."),
  write_port: port(6380, "Port for reads and writes: the primary. Of a Cluster: any node."),
  read_port: port(6381, "Port for reads: replicas in step, and the primary while there is none."),
  near_port: port(6382, "Port for reads close by; with near."),
  near: z
    .string()
    .optional()
    .describe("Zone or host that HAProxy stands in: reads at near_port go there, and elsewhere only while nobody is."),
  quorum: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Sentinels that must name a primary before clients are sent there. Left out: more than half of them."),
  maxconn: z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Connections at a time. Left out: as many as it may have files open."),
  idle: z
    .string()
    .regex(/^\d+(ms|s|m|h|d)$/, "expected a time such as 3h")
    .default("3h")
    .describe("After which a connection without traffic is closed; longer than pools of clients keep theirs."),
  listen: z
    .enum(["tls", "plain"])
    .optional()
    .describe("How clients speak to HAProxy. Left out: as servers speak. It speaks to servers as they want it."),
  status_port: port(8404, "Port on loopback of /stats, of /metrics for Prometheus, and of whom Sentinels name."),
  status_address: z.string().optional().describe("Address where /stats and /metrics can be read from elsewhere, too."),
  files: path(
    "/etc/haproxy",
    "Folder on its host of redis.pem (its certificate and key), redis-ca.crt and redis-client.pem.",
  ),
});

/** A line of HAProxy: one server of a backend. */
interface Server {
  readonly name: string;
  readonly at: string;
  readonly tls: string;
}

/**
 * A proxy that sends clients to whoever is the primary. That a server says so of itself is not enough where there are
 * Sentinels: an old primary that comes back says it, too, until they have told it otherwise.
 */
export const haproxy = defineKind({
  name: "haproxy",
  title: "HAProxy: reads and writes to the primary, reads to replicas, reads close by",
  files: ["haproxy.cfg"],
  options,
  check: ["haproxy -c -f haproxy.cfg"],
  render(deployment, options) {
    const servers = deployment.instances.filter(({ kind }) => kind === "data");
    // Of active replicas the first one is where clients go.
    const data = servers.toSorted((one, other) => Number(other.initialPrimary) - Number(one.initialPrimary));
    const sentinels = deployment.instances.filter(({ kind }) => kind === "sentinel");
    const one = (instance: Instance, all: readonly Instance[]) => serverOf(instance, all, deployment, options.files);
    const tls = deployment.tls !== undefined;
    const login = monitorLogin(deployment);
    const text = renderTemplate("haproxy/haproxy.cfg.eta", {
      ...options,
      maxconn: options.maxconn ?? null,
      deployment: deployment.name,
      kind: deployment.kind,
      master_name: deployment.masterName ?? null,
      active: deployment.engine.name === "keydb" && deployment.kind === "replication",
      data: data.map((node) => ({ ...one(node, data), reply: replyOf(node), near: isNear(node, options.near) })),
      sentinels: sentinels.map((each) => one(each, sentinels)),
      quorum: options.quorum ?? Math.floor(sentinels.length / 2) + 1,
      near: options.near === undefined ? null : nearOf(data, options.near),
      status_address: options.status_address ?? null,
      certificate: (options.listen ?? (tls ? "tls" : "plain")) === "tls" ? `${options.files}/redis.pem` : null,
      auth: login && authLine(login.username, "REDIS_PASSWORD"),
      sentinel_auth: deployment.auth.sentinel.password
        ? authLine(deployment.auth.sentinel.username, "REDIS_SENTINEL_PASSWORD")
        : null,
      names: [...data, ...sentinels].some(({ address }) => isIP(address) === 0),
    });
    return { files: [{ path: "haproxy.cfg", text }], notes: notesOf(deployment, text, options.files) };
  },
});

/** Host names are server names; where several instances are on one, the port tells them apart. */
function serverOf(
  { host, address, port: at }: Instance,
  all: readonly Instance[],
  deployment: Deployment,
  files: string,
): Server {
  const alone = all.filter((each) => each.host.name === host.name).length === 1;
  return {
    name: alone ? host.name : `${host.name}-${at}`,
    at: hostPort({ address, port: at }),
    tls: tlsWords({ host, address }, deployment, files),
  };
}

/** HAProxy holds names of certificates against host names alone, and never against addresses. */
function tlsWords(
  { host, address }: Pick<Instance, "host" | "address">,
  { tls, serverTls }: Deployment,
  files: string,
): string {
  if (!tls) return "";
  const ours = serverTls?.source.kind === "authority" ? host.name : undefined;
  const name = tls.serverName ?? (isIP(address) === 0 ? address : ours);
  return [
    `ssl verify required ca-file ${files}/redis-ca.crt`,
    ...(name === undefined ? [] : [`verifyhost ${name}`]),
    ...(serverTls?.clients === "yes" || tls.cert !== undefined ? [`crt ${files}/redis-client.pem`] : []),
  ].join(" ");
}

/** What a Sentinel answers when it names that server, as HAProxy writes it. */
function replyOf({ address, port: at }: Instance): string {
  return [address, String(at)].map((word) => `$${word.length}\\r\\n${word}\\r\\n`).join("");
}

function isNear({ host }: Instance, near: string | undefined): boolean {
  return near !== undefined && (host.zone === near || host.name === near);
}

function nearOf(data: readonly Instance[], near: string): string {
  if (data.some((instance) => isNear(instance, near))) return near;
  const zones = [...new Set(data.flatMap(({ host }) => host.zone ?? []))];
  const hosts = [...new Set(data.map(({ host }) => host.name))];
  throw unrenderable(`No server of the deployment is in ${near}: it is neither a zone nor a host of it.`, [
    ...(zones.length > 0 ? [`zones: ${zones.join(", ")}`] : ["hosts: { r1: { zone: a, … } } in redisha.yaml"]),
    `hosts: ${hosts.join(", ")}`,
  ]);
}

/** In single quotes the server takes every character for itself but `'` and `\`. */
function authLine(username: string | undefined, variable: string): string {
  return `AUTH ${username === undefined ? "" : `'${username}' `}'\${${variable}}'\\r\\n`;
}

function notesOf({ kind, tls, engine }: Deployment, text: string, files: string): string[] {
  const variables = ["REDIS_PASSWORD", "REDIS_SENTINEL_PASSWORD"].filter((name) => text.includes(`\${${name}}`));
  return [
    ...(variables.length > 0
      ? [
          `${variables.join(" and ")}: in the environment of HAProxy (Debian: /etc/default/haproxy, mode 0600); no ' or \\ in them`,
        ]
      : []),
    ...(tls ? [`certificates in ${files}: see the lines with crt and ca-file`] : []),
    ...(kind === "replication" && engine.name !== "keydb"
      ? ["no Sentinel confirms who the primary is: two that say so are both refused new clients"]
      : []),
    ...(kind === "cluster"
      ? ["Cluster clients are told the addresses of nodes and connect to them: the proxy only lets them find the first"]
      : []),
  ];
}
