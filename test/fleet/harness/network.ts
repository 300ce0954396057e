import { attempt, run, succeeded } from "./run.ts";

/** The network of one fleet: a bridge on this machine, a /24 of its own, and the rules that cut hosts off from each other. */
export interface Network {
  readonly bridge: string;
  /** This machine's address in it, which is the hosts' gateway to nowhere. */
  readonly gateway: string;
  /** The address of the host with this number, from 1 on. */
  address(host: number): string;
  /** The name of a host's network namespace, and of its cable's end on this machine. */
  link(host: string): string;
}

export function networkOf(fleet: number): Network {
  const net = `10.77.${fleet}`;
  const bridge = `rfleet${fleet}`;
  return {
    bridge,
    gateway: `${net}.1`,
    address: (host) => `${net}.${10 + host}`,
    link: (host) => `${bridge}-${host}`,
  };
}

/** Sets the network up; false where another one has it already. */
export async function createNetwork({ bridge, gateway }: Network): Promise<boolean> {
  const add = ["link", "add", bridge, "type", "bridge", "stp_state", "0", "forward_delay", "0"];
  const added = await attempt("ip", add);
  if (added.stderr.includes("File exists")) return false;
  succeeded(`ip ${add.join(" ")}`, added);
  // A machine with Docker would otherwise send what crosses the bridge through its own firewall.
  await attempt("ip", ["link", "set", bridge, "type", "bridge", "nf_call_iptables", "0", "nf_call_ip6tables", "0"]);
  // Nothing that the hosts send leaves this machine.
  await run("sh", ["-c", `echo 0 >/proc/sys/net/ipv4/conf/${bridge}/forwarding`]);
  await run("ip", ["address", "add", `${gateway}/24`, "dev", bridge]);
  await run("ip", ["link", "set", bridge, "up"]);
  await run("nft", ["-f", "-"], { input: cutsOf(bridge) });
  return true;
}

/** Takes the network away, or what is left of it. */
export async function removeNetwork({ bridge }: Network): Promise<void> {
  await attempt("nft", ["delete", "table", "bridge", bridge]);
  await attempt("ip", ["link", "delete", bridge]);
}

/**
 * Three sets of cables: `isolated` from all other hosts, `dark` to everything, this machine included, and `pairs` of hosts
 * that do not reach each other. Packets are dropped on the bridge, so that nothing in the host gives the cut away.
 */
function cutsOf(bridge: string): string {
  return `table bridge ${bridge} {
  set isolated { type ifname; }
  set dark { type ifname; }
  set pairs { type ifname . ifname; }
  chain between_hosts {
    type filter hook forward priority filter;
    iifname @isolated drop
    oifname @isolated drop
    iifname @dark drop
    oifname @dark drop
    iifname . oifname @pairs drop
  }
  chain to_machine { type filter hook input priority filter; iifname @dark drop; }
  chain from_machine { type filter hook output priority filter; oifname @dark drop; }
}
`;
}

/** Cuts a host off: from all others (`peers`), from everything (`all`), or from some. */
export async function cut(network: Network, host: string, from: "peers" | "all" | readonly string[]): Promise<void> {
  const link = network.link(host);
  if (from === "peers") return element(network, "add", "isolated", [`"${link}"`]);
  if (from === "all") return element(network, "add", "dark", [`"${link}"`]);
  const pairs = from.flatMap((other) => pairsOf(link, network.link(other)));
  if (pairs.length > 0) await element(network, "add", "pairs", pairs);
}

/** Mends every cut; or those of one host, whose names are given with those of all `others`. */
export async function mend(network: Network, host?: string, others: readonly string[] = []): Promise<void> {
  if (host === undefined) {
    for (const set of ["isolated", "dark", "pairs"]) await run("nft", ["flush", "set", "bridge", network.bridge, set]);
    return;
  }
  const link = network.link(host);
  // One that is not in a set cannot be taken out of it, so each goes by itself.
  const elements = [["isolated", `"${link}"`] as const, ["dark", `"${link}"`] as const];
  const pairs = others.flatMap((other) => pairsOf(link, network.link(other))).map((pair) => ["pairs", pair] as const);
  for (const [set, each] of [...elements, ...pairs]) {
    await attempt("nft", ["delete", "element", "bridge", network.bridge, set, `{ ${each} }`]);
  }
}

/** How a host is cut off now, for people: `from peers`, `from all`, `from r2`. */
export async function cutsAt(network: Network, host: string, others: readonly string[]): Promise<string[]> {
  const listed = await attempt("nft", ["list", "table", "bridge", network.bridge]);
  const elementsOf = (set: string): string =>
    new RegExp(`set ${set} \\{[^}]*elements = \\{([^}]*)\\}`).exec(listed.stdout)?.[1] ?? "";
  const link = `"${network.link(host)}"`;
  return [
    ...(elementsOf("isolated").includes(link) ? ["cut off from peers"] : []),
    ...(elementsOf("dark").includes(link) ? ["cut off from all"] : []),
    ...others
      .filter((other) => elementsOf("pairs").includes(`${link} . "${network.link(other)}"`))
      .map((other) => `cut off from ${other}`),
  ];
}

function pairsOf(one: string, other: string): string[] {
  return [`"${one}" . "${other}"`, `"${other}" . "${one}"`];
}

async function element(network: Network, verb: "add", set: string, elements: readonly string[]): Promise<void> {
  await run("nft", [verb, "element", "bridge", network.bridge, set, `{ ${elements.join(", ")} }`]);
}
