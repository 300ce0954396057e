import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { decide } from "../../init/decide.ts";
import type { InstanceFacts } from "../../init/facts.ts";
import { homeOf } from "../../init/homes.ts";
import { movedAddress } from "../../init/moved.ts";
import { type HostReading, READ_HOST, readConf, readHost, upstreamOf } from "../../init/read-host.ts";
import { refusal } from "../../init/refusal.ts";
import { situationSchema } from "../../init/situation.ts";
import type { Deployment, Host, Instance } from "../../inventory/model.ts";
import { refusesLogin } from "../../topology/locked-out.ts";
import type { DataNode, SentinelNode, Topology } from "../../topology/schema.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { describeService } from "../service/describe.ts";
import type { Service } from "../service/descriptor.ts";
import { rootOn } from "../service/shell.ts";
import { refuseMissingExecutables } from "./executables.ts";

/** Where nobody answers for a host. */
const SILENT = ["SSH_UNREACHABLE", "SSH_TIMEOUT", "SSH_REFUSED", "SSH_NAME_NOT_FOUND"];

/** Looks at everything before anything is touched, and decides around whom to set up what is missing. */
export const initSurvey = defineAction({
  name: "init.survey",
  summary:
    "Looks at every host and instance, finds the real primary, and refuses where going on would take data or hurt what lives",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: situationSchema,
  example: `- id: survey
  action: init.survey
  with: {}`,
  commands: () => [
    { transport: "controller", text: "look at files, units and packages of every host, and at every server" },
  ],
  async run(_input, context) {
    const { deployment } = context;
    refuseUnsupported(deployment);
    const topology = await context.topology({ fresh: true });
    const readings = new Map(
      await Promise.all(deployment.hosts.map(async (host) => [host.name, await read(host, context)] as const)),
    );
    for (const [host, reading] of readings) refuseNoProgram(host, reading, deployment);
    await Promise.all(deployment.hosts.map((host) => refuseMissingExecutables(host, context)));
    const facts = deployment.instances.map((instance) => factsOf(instance, topology, readings, deployment));
    refusePlain(deployment, topology, facts);
    const decision = decide(
      {
        deployment: deployment.name,
        kind: deployment.kind,
        group: deployment.masterName,
        instances: deployment.instances.map(({ id, kind, address, port, initialPrimary }) => ({
          ...{ id, kind, initialPrimary },
          address: `${address}:${port}`,
        })),
      },
      facts,
    );
    const by = <T>(value: (instance: Instance) => T) =>
      Object.fromEntries(deployment.instances.map((instance) => [instance.id, value(instance)]));
    const running = facts.filter(({ state }) => state === "running").map(({ id }) => id);
    refuseOtherLayout(topology, deployment, running);
    const services = await Promise.all(
      deployment.instances.map(async (instance) => {
        const lives = running.includes(instance.id);
        return [
          instance.id,
          lives ? await describeService(instance, context) : packaged(instance, deployment),
        ] as const;
      }),
    );
    const primary = deployment.instances.find(({ id }) => id === decision.primary);
    const own = deployment.engine.source === "directory" ? deployment.instances[0] : undefined;
    const outputs = {
      ...decision,
      instances: Object.fromEntries(facts.map((each) => [each.id, each])),
      hosts: Object.fromEntries(
        [...readings].map(([name, { memory, installed }]) => [name, { memory, installed: { ...installed } }]),
      ),
      engine: by((instance) => versionOf(instance, topology, readings, deployment)),
      follows: Object.fromEntries(
        facts.filter(({ kind }) => kind === "data").map((each) => [each.id, followedBy(each, primary)]),
      ),
      services: Object.fromEntries(services),
      units: by((instance) => homeOf(deployment, instance).unit),
      version: deployment.engine.version ?? null,
      packages: Object.fromEntries(
        [...readings].map(([name, { installed }]) => [name, missingOn(name, installed, deployment)]),
      ),
      makes_user: Object.fromEntries(
        [...readings].map(([name, { hasUser }]) => [name, hasUser || !own ? null : homeOf(deployment, own).user]),
      ),
      down: facts.filter(({ state }) => state !== "running").map(({ id }) => id),
      running,
      moving: movingOf(topology, deployment, facts),
      disabled: facts.filter(({ boots }) => !boots).map(({ id }) => id),
    };
    return { outputs, changed: false };
  },
});

async function read(host: Host, context: ActionContext): Promise<HostReading> {
  const { deployment, signal } = context;
  const shell = await context.shell(host).catch((cause: unknown) => {
    throw unreachable(host, cause);
  });
  const args = deployment.instances
    .filter((instance) => instance.host.name === host.name)
    .flatMap((instance) => {
      const { conf, data, unit } = homeOf(deployment, instance);
      return [instance.id, conf, data, unit];
    });
  const { name: product, directory = "" } = deployment.engine;
  const result = await shell.script(READ_HOST, [product, directory, ...args], { become: rootOn(host), signal });
  const reading = readHost(result.stdout);
  if (reading.memory > 0) return reading;
  throw new RedishaError({
    code: "INIT_HOST_NOT_READ",
    message: `${host.name} cannot be looked at as root: ${result.stderr.trim().split("\n").at(-1) || `status ${result.code}`}`,
    host: host.name,
    exit: EXIT.cannotConnect,
    state: "nothing was touched",
    next: ["log in as root, or as a user who may sudo without a password, with `ssh: { become: sudo }`"],
  });
}

function factsOf(
  instance: Instance,
  topology: Topology,
  readings: ReadonlyMap<string, HostReading>,
  deployment: Deployment,
): InstanceFacts {
  const { id, kind, host } = instance;
  const files = readings.get(host.name)?.files.get(id);
  const conf = files?.conf === undefined ? undefined : readConf(files.conf, deployment.masterName);
  const data = topology.nodes.find((node) => node.id === id);
  const sentinel = topology.sentinels.find((node) => node.id === id);
  const node = data ?? sentinel;
  const state = stateOf(node, files);
  const lives = state === "running";
  const cluster = data?.cluster;
  return {
    ...{ id, kind, state },
    said: node?.reach.message ?? null,
    role: data?.role ?? "unknown",
    follows: lives
      ? (addressOf(data?.primary_id, deployment) ?? movedAddress(data?.primary_address ?? null, deployment))
      : movedAddress(conf?.follows ?? null, deployment),
    attached:
      data?.attached.map(
        ({ address, node_id: node }) => addressOf(node, deployment) ?? movedAddress(address, deployment) ?? address,
      ) ?? [],
    keys: data?.keys ?? null,
    has_data: files?.hasData === true && kind === "data",
    names: movedAddress(lives ? (sentinel?.primary_address ?? null) : (conf?.names ?? null), deployment),
    watches: sentinel?.watches ?? [],
    cluster: cluster
      ? {
          node_id: cluster.node_id,
          known_nodes: cluster.known_nodes ?? 0,
          slots: cluster.slots_count,
          primary: data?.primary_id ?? null,
        }
      : null,
    of: conf?.of ?? null,
    in_cluster_mode: data?.mode == null ? null : data.mode === "cluster",
    boots: files?.boots ?? false,
    drop_ins: [...(files?.dropIns ?? [])],
  };
}

/** Replicas that follow the plain port of their primary, and are to follow the one for TLS. */
function movingOf(topology: Topology, deployment: Deployment, facts: readonly InstanceFacts[]): string[] {
  return topology.nodes.flatMap(({ id, primary_address: told, up }) => {
    const wanted = facts.find((each) => each.id === id)?.follows ?? null;
    return up &&
      deployment.kind !== "cluster" &&
      told !== null &&
      told !== wanted &&
      movedAddress(told, deployment) === wanted
      ? [id]
      : [];
  });
}

/** The declared `host:port` of a node, which may tell others another one; undefined where it is not listed. */
function addressOf(id: string | null | undefined, { instances }: Deployment): string | undefined {
  const instance = instances.find((each) => each.id === id);
  return instance && `${instance.address}:${instance.port}`;
}

function stateOf(
  node: DataNode | SentinelNode | undefined,
  files: { conf: string | undefined; hasData: boolean; unit: string } | undefined,
): InstanceFacts["state"] {
  if (node?.reach.ok) return "running";
  if (node && refusesLogin(node)) return "locked_out";
  if (files?.unit === "active") return "elsewhere";
  return files?.conf !== undefined || files?.hasData ? "stopped" : "absent";
}

/** Whom a data instance is to follow, as host:port: a live one stays with whom it follows now. */
function followedBy({ id, state, role, follows }: InstanceFacts, primary: Instance | undefined): string | null {
  if (!primary || id === primary.id) return null;
  if (state === "running" && role === "replica" && follows !== null) return follows;
  return `${primary.address}:${primary.port}`;
}

function versionOf(
  { id, host }: Instance,
  topology: Topology,
  readings: ReadonlyMap<string, HostReading>,
  { engine }: Deployment,
): string {
  const running = [...topology.nodes, ...topology.sentinels].find((node) => node.id === id)?.version;
  if (running) return running;
  const reading = readings.get(host.name);
  const installed = reading?.installed[`${engine.name}-server`] ?? reading?.installed[`${engine.name}-tools`];
  if (installed) return upstreamOf(installed);
  const offered = reading?.offered.map(upstreamOf) ?? [];
  const wanted = engine.version;
  const fits = wanted === undefined ? offered[0] : offered.find((each) => `${each}.`.startsWith(`${wanted}.`));
  const version = fits ?? wanted;
  if (version !== undefined) return version;
  throw refusal(
    "INIT_NO_PACKAGE",
    `apt on ${host.name} offers no ${engine.name}-server, and redisha.yaml does not say which version it is to be.`,
    ["apt-get update", `engine: { name: ${engine.name}, version: "7.0", source: apt }`],
    host.name,
  );
}

/** The packages of a host, all of one version, where one of them is missing. */
function missingOn(host: string, installed: HostReading["installed"], { engine, instances }: Deployment): string[] {
  if (engine.source === "directory") return [];
  const kinds = new Set(instances.filter((each) => each.host.name === host).map(({ kind }) => kind));
  const names = ["tools", ...(kinds.has("data") ? ["server"] : []), ...(kinds.has("sentinel") ? ["sentinel"] : [])];
  const packages = names.map((name) => `${engine.name}-${name}`);
  return packages.every((name) => name in installed) ? [] : packages;
}

/** As Debian's unit runs it; what service.start needs of a server that does not run. */
function packaged(instance: Instance, deployment: Deployment): Service {
  const { unit, user, conf, data } = homeOf(deployment, instance);
  const { engine } = deployment;
  return {
    ...{ unit, user, config_file: conf, directory: data, sentinel: instance.kind === "sentinel" },
    ...{ pid: 0, started: "0", uid: 0, program: `${engine.directory ?? "/usr"}/bin/${engine.name}-server` },
    ...{ stdout: "/dev/null", stderr: "/dev/null", open_files: "65535" },
  };
}

/** Servers run that speak no TLS where redisha.yaml has it: they would be taken for another's. */
function refusePlain(deployment: Deployment, { nodes }: Topology, facts: readonly InstanceFacts[]): void {
  const plain = facts.find(({ id, state, of }) => {
    const code = nodes.find((node) => node.id === id)?.reach.code;
    return (
      code === "REDIS_TLS_NOT_SPOKEN" || (code === "REDIS_REFUSED" && state === "elsewhere" && of === deployment.name)
    );
  });
  if (!deployment.tls || !plain) return;
  throw refusal(
    "INIT_TLS_NOT_SPOKEN",
    `${plain.id} runs and speaks no TLS where redisha.yaml has it.`,
    ["first both: tls: { mode: both, port_offset: 1000, authority: {} }, and redisha init", "then: mode: only"],
    plain.id,
  );
}

function refuseUnsupported({ engine }: Deployment): void {
  if (engine.name === "redis" || engine.name === "valkey") return;
  throw new RedishaError({
    code: "INIT_ENGINE",
    message: `Servers of ${engine.name} are not set up: their packages and files are others.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["engine: { name: redis, source: apt }"],
  });
}

/** Programs from a directory have to lie there, in the version that redisha.yaml asks for. */
function refuseNoProgram(host: string, { installed }: HostReading, { engine }: Deployment): void {
  if (engine.source !== "directory") return;
  const program = `${engine.directory}/bin/${engine.name}-server`;
  const found = installed[`${engine.name}-server`];
  if (found !== undefined && `${found}.`.startsWith(`${engine.version ?? found}.`)) return;
  const what =
    found === undefined ? "is not there, or others than root cannot run it" : `is ${found}, not ${engine.version}`;
  throw refusal(
    "INIT_NO_PROGRAM",
    `${program} ${what}.`,
    [`unpack ${engine.name} ${engine.version ?? ""} into ${engine.directory}, with bin/ in it`, `${program} --version`],
    host,
  );
}

/** A live server with files elsewhere would get a second set that it does not read. */
function refuseOtherLayout(topology: Topology, deployment: Deployment, running: readonly string[]): void {
  for (const instance of deployment.instances) {
    if (!running.includes(instance.id)) continue;
    const node = [...topology.nodes, ...topology.sentinels].find(({ id }) => id === instance.id);
    const { conf } = homeOf(deployment, instance);
    const reads = node && "config_file" in node ? node.config_file : conf;
    if (reads === conf || reads === null) continue;
    throw refusal(
      "INIT_OTHER_FILE",
      `${instance.id} runs with ${reads === "" ? "no file" : reads}; a server on this port is set up with ${conf}.`,
      [`have it run with ${conf}, by its package's unit`, "or leave it as it is: every other command works with it"],
      instance.id,
    );
  }
}

function unreachable({ name }: Host, cause: unknown): RedishaError {
  const said = cause instanceof RedishaError ? cause : undefined;
  // One that answers, and does not let redisha in, is not gone.
  const silent = said === undefined || SILENT.includes(said.code);
  return new RedishaError({
    code: said?.code ?? "INIT_HOST_DOWN",
    message: said?.message ?? `${name} cannot be reached`,
    host: name,
    exit: said?.exit ?? EXIT.cannotConnect,
    state: `nothing was touched: what is on a host that ${silent ? "does not answer" : "lets nobody in"} cannot be told`,
    next: [...(said?.next ?? []), ...(silent ? ["take it out of redisha.yaml where it is gone for good"] : [])],
    cause,
  });
}
