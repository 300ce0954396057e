import type { Findings } from "./findings.ts";
import type { LenientDeployment } from "./lenient-view.ts";
import { BUS_OFFSET, DEFAULT_PORT, type Placed, placed } from "./placement.ts";

/** Ports that are translated: each is one that something listens on, and no two lead to one place. */
export function checkPorts(view: LenientDeployment, found: Findings): void {
  for (const [name, { listen, redis_ports: translated }] of Object.entries(view.hosts)) {
    if (translated) checkHost(name, { listen, translated }, view, found);
  }
}

interface Translated {
  readonly listen: string | undefined;
  readonly translated: Readonly<Record<string, number>>;
}

function checkHost(name: string, { listen, translated }: Translated, view: LenientDeployment, found: Findings): void {
  const path = ["hosts", name, "redis_ports"];
  if (listen === undefined) {
    const hint = "listen: the address of the host itself; redis_address: the one at which others reach these ports";
    found.error(path, "redis_ports needs listen, the address whose ports are translated", { hint, part: "key" });
  }
  const uses = usesOf(name, view);
  const used = uses.flatMap(({ ports, bus }) => [...ports, ...(bus === undefined ? [] : [bus])]);
  const hint = used.length === 0 ? undefined : `ports there: ${used.join(", ")}`;
  for (const port of Object.keys(translated)) {
    if (used.includes(Number(port))) continue;
    const message = `nothing of this deployment listens on port ${port} of ${name}`;
    found.error([...path, port], message, { hint, part: "key" });
  }
  const reached = used.map((port) => translated[String(port)] ?? port);
  const twice = reached.find((port, at) => reached.indexOf(port) !== at);
  if (twice !== undefined) found.error(path, `two ports of ${name} are reached at ${twice}`, { part: "key" });
  for (const { ports, bus } of uses) {
    if (bus === undefined || String(bus) in translated || !ports.some((port) => String(port) in translated)) continue;
    const message = `the bus that belongs to port ${ports[0]}, ${bus}, is not translated: other nodes come to it at ${bus}`;
    found.warn(path, message);
  }
}

/** What each instance of a host listens on, or did before it went over to TLS on a port above. */
function usesOf(host: string, view: LenientDeployment): { ports: number[]; bus?: number }[] {
  const { mode, port_offset: offset = 0 } = view.tls ?? {};
  const above = mode === "disabled" ? 0 : offset;
  const portsOf = ({ port }: Placed) => [...new Set([port, port + above])];
  const here = (section: "redis" | "sentinel") =>
    placed(view[section], DEFAULT_PORT[section]).filter((each) => each.host === host);
  const ownBus = Number(view.redis?.config?.["cluster-port"] ?? 0);
  return [
    ...here("redis").map((each) => ({
      ports: portsOf(each),
      ...(view.topology === "cluster" ? { bus: ownBus || each.port + BUS_OFFSET } : {}),
    })),
    ...here("sentinel").map((each) => ({ ports: portsOf(each) })),
  ];
}
