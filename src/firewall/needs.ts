import type { Deployment, Host, Instance } from "../inventory/model.ts";
import { BUS_OFFSET } from "../inventory/placement.ts";
import { namedPort, ownPort, reachedPort } from "../inventory/ports.ts";
import { type Network, parseNetwork } from "./network.ts";
import type { Need } from "./plan-rules.ts";

/** What only the host itself can say. */
export interface HostView {
  /** Where this session comes from, as the host sees it; undefined without SSH. */
  readonly session?: { readonly from: Network; readonly port: number };
  /** Ports that sshd listens on. */
  readonly sshPorts: readonly number[];
  /** Addresses of the other hosts, as their names resolve there. */
  readonly peers: readonly Network[];
}

/** Port that the cluster bus of an instance listens on; undefined where there is no bus. */
export function busPort({ kind, config }: Pick<Deployment, "kind" | "config">, instance: Instance): number | undefined {
  if (kind !== "cluster" || instance.kind !== "data") return undefined;
  return config["cluster-port"] === undefined ? namedPort(instance) + BUS_OFFSET : Number(config["cluster-port"]);
}

/** Where others reach the bus of an instance; undefined where there is none. */
export function reachedBus(deployment: Pick<Deployment, "kind" | "config">, instance: Instance): number | undefined {
  const bus = busPort(deployment, instance);
  return bus === undefined ? undefined : reachedPort(instance, bus);
}

/** Names and addresses by which other hosts of the deployment may come to this one. */
export function peersOf({ hosts, instances }: Pick<Deployment, "hosts" | "instances">, host: Host): string[] {
  const others = hosts.filter(({ name }) => name !== host.name);
  const announced = instances.filter((instance) => instance.host.name !== host.name).map(({ address }) => address);
  return [...new Set([...others.map(({ address }) => address), ...announced])];
}

/** Pure: who has to get through to which port of a host. SSH comes first. */
export function needsOf(deployment: Deployment, host: Host, view: HostView): Need[] {
  const { trusted = [], clients = [] } = deployment.firewall ?? {};
  const here = deployment.instances.filter((instance) => instance.host.name === host.name);
  // On the way to TLS both ports are open.
  const above = deployment.serverTls?.plainToo ? [deployment.serverTls.portOffset] : [];
  // Rules see packets as they come to the host itself: ports that are translated on the way are translated by then.
  const ports = here.map(ownPort).flatMap((port) => [port, ...above.map((offset) => port + offset)]);
  const bus = here.flatMap((instance) => busPort(deployment, instance) ?? []);
  const sshPorts = [...new Set([...view.sshPorts, ...(view.session ? [view.session.port] : [])])];
  const friends = networks(trusted);
  const operators = [...(view.session ? [view.session.from] : []), ...friends];
  return [
    ...needs(operators, sshPorts, "ssh"),
    ...needs(view.peers, [...ports, ...bus], "deployment"),
    ...needs(friends, [...ports, ...bus], "others"),
    ...needs(networks(clients), ports, "others"),
    ...needs(networks(deployment.exporter?.from ?? []), exporterPorts(deployment, host), "others"),
  ].filter(first);
}

function exporterPorts({ exporter, kind }: Pick<Deployment, "exporter" | "kind">, { name }: Host): number[] {
  if (!exporter?.on.includes(name)) return [];
  return kind === "sentinel" ? [exporter.port, exporter.sentinelPort] : [exporter.port];
}

function needs(from: readonly Network[], ports: readonly number[], kind: Need["kind"]): Need[] {
  return from.flatMap((network) => ports.map((port) => ({ from: network, port, kind })));
}

/** Who is named twice, as trusted and as a client, is let in once. */
function first(need: Need, at: number, all: readonly Need[]): boolean {
  return all.findIndex(({ from, port }) => from.text === need.from.text && port === need.port) === at;
}

/** redisha.yaml is checked: what is no network there is a mistake in it already. */
function networks(texts: readonly string[]): Network[] {
  return texts.flatMap((text) => parseNetwork(text) ?? []);
}
