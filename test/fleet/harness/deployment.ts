import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { quoteAll } from "../../../src/connect/quote.ts";
import type { Fleet } from "./fleet.ts";
import type { FleetHost } from "./host.ts";
import { installRelease, parts, type Release } from "./releases.ts";
import { waitFor } from "./wait.ts";

export interface DeployOptions {
  /** Default redis-7.0. */
  readonly release?: Release;
  /** More directives of redis.conf. */
  readonly config?: Readonly<Record<string, string>>;
  /** Of the `default` user of all data nodes; none by default. */
  readonly password?: string;
  /** More keys of the deployment in redisha.yaml, laid over its own: `drill`, `backup`, `firewall`, … */
  readonly inventory?: Readonly<Record<string, unknown>>;
}

/** Redis on a fleet, as packages of Debian run it, and the redisha.yaml that declares it. */
export interface FleetDeployment {
  /** Path of its redisha.yaml: logs in over SSH as `ops`, who may sudo, with verified host keys. */
  readonly file: string;
  /** As systemd calls them on every host: redis-server and redis-sentinel, or those of Valkey. */
  readonly units: { readonly server: string; readonly sentinel: string };
  /** Asks an instance at its host's console, whatever the network does: `cli("r1:6379", "INFO", "replication")`. */
  cli(id: string, ...command: string[]): Promise<string>;
  /** Ids of the instances that call themselves primary, of those that answer. */
  primaries(): Promise<string[]>;
  /** Waits until everything is as it should be: links up, and all Sentinels or cluster nodes at one. */
  settled(limitMs?: number): Promise<void>;
}

/** What one kind of deployment adds to Redis on hosts. */
export interface Shape {
  readonly kind: "sentinel" | "cluster";
  readonly hosts: readonly FleetHost[];
  /** More lines of redis.conf of one host. */
  conf(host: FleetHost): readonly string[];
  /** Keys of the deployment in redisha.yaml. */
  readonly inventory: Readonly<Record<string, unknown>>;
  /** Called once all servers answer. */
  form(deployment: FleetDeployment): Promise<void>;
  /** What is not yet as it should be; undefined when all is. */
  unsettled(deployment: FleetDeployment): Promise<string | undefined>;
}

export const DATA_PORT = 6379;
export const SENTINEL_PORT = 26379;

/** Installs the packages on the hosts of a shape, writes their configuration, starts them, and waits until all is settled. */
export async function deploy(fleet: Fleet, options: DeployOptions, shape: Shape): Promise<FleetDeployment> {
  const { release = "redis-7.0", password } = options;
  const { product } = parts(release);
  const units = { server: `${product}-server`, sentinel: `${product}-sentinel` };
  await Promise.all(
    shape.hosts.map(async (host) => {
      await installRelease(host, release);
      // Before its first true start: it writes an id and what it knows of others into its file. A cluster has none.
      await host.exec(`systemctl ${shape.kind === "cluster" ? "disable --now" : "stop"} ${units.sentinel}`);
      await configure(host, product, [
        ...listening(host),
        // Otherwise every full sync waits five seconds for more replicas to come.
        "repl-diskless-sync-delay 0",
        ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
        ...shape.conf(host),
        ...Object.entries(options.config ?? {}).map(([name, value]) => `${name} ${value}`),
      ]);
      await host.exec(`systemctl restart ${units.server}`);
    }),
  );

  const ask = async (id: string, command: readonly string[]): Promise<string> => {
    const [name = "", port = ""] = id.split(":");
    const login = password !== undefined && Number(port) === DATA_PORT ? `REDISCLI_AUTH=${password} ` : "";
    return fleet.host(name).exec(`${login}${product}-cli -p ${port} ${quoteAll(command)}`, { timeoutMs: 10_000 });
  };
  const ids = shape.hosts.map(({ name }) => `${name}:${DATA_PORT}`);
  const info = fields(await ask(ids[0] ?? "", ["INFO", "server"]));
  // Valkey says in redis_version what it is compatible with.
  const version = info.get("valkey_version") ?? info.get("redis_version");
  const file = writeInventory(fleet, shape, {
    ...{ engine: { name: product, version, source: "apt" } },
    ...(password === undefined ? {} : { auth: { operator: { password: { file: passwordFile(fleet, password) } } } }),
    ...options.inventory,
  });
  const deployment: FleetDeployment = {
    file,
    units,
    cli: (id, ...command) => ask(id, command),
    primaries: async () => {
      const roles = await Promise.all(ids.map((id) => ask(id, ["ROLE"]).catch(() => "")));
      return ids.filter((_, index) => roles[index]?.startsWith("master"));
    },
    settled: async (limitMs = 60_000) => {
      let missing: string | undefined;
      const whole = async (): Promise<boolean> => {
        missing = await shape.unsettled(deployment).catch((error: unknown) => String(error));
        return missing === undefined;
      };
      await waitFor("the deployment to settle", limitMs, whole).catch((error: unknown) => {
        throw new Error(`${error instanceof Error ? error.message : String(error)}: ${missing}`);
      });
    },
  };
  await shape.form(deployment);
  await deployment.settled();
  return deployment;
}

/** Reachable from other hosts. Up to 6.0 the first address is also what a server connects from; loopback is for people. */
export function listening(host: FleetHost): string[] {
  return [`bind ${host.address} 127.0.0.1`, "protected-mode no"];
}

/** Puts lines at the end of a configuration file of Debian's, where they win over those above. */
export async function configure(
  host: FleetHost,
  product: "redis" | "valkey",
  lines: readonly string[],
  file: "server" | "sentinel" = "server",
): Promise<void> {
  const path = `/etc/${product}/${file === "server" ? product : "sentinel"}.conf`;
  // Sentinel refuses a file in which a name is monitored twice.
  const others = file === "sentinel" ? `sed -i '/^sentinel /d' ${path} && ` : "";
  await host.exec(`${others}cat >>${path}`, { input: `\n${lines.join("\n")}\n` });
}

/** Fields of a section of INFO. */
export function fields(info: string): Map<string, string> {
  return new Map(
    info.split(/\r?\n/).flatMap((line) => {
      const colon = line.indexOf(":");
      return colon > 0 ? [[line.slice(0, colon), line.slice(colon + 1)] as const] : [];
    }),
  );
}

function writeInventory(fleet: Fleet, shape: Shape, more: Readonly<Record<string, unknown>>): string {
  const deployment = {
    topology: shape.kind,
    hosts: Object.fromEntries(shape.hosts.map(({ name, address }) => [name, { address }])),
    ...shape.inventory,
    ssh: { user: "ops", port: 22, identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
    ...more,
  };
  const file = join(fleet.folder, `${shape.kind}.yaml`);
  writeFileSync(file, stringify({ version: 1, deployments: { fleet: deployment } }));
  return file;
}

function passwordFile(fleet: Fleet, password: string): string {
  const folder = join(fleet.folder, "secrets");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "password"), password, { mode: 0o600 });
  return join(folder, "password");
}
