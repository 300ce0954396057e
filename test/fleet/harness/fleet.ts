/**
 * Real Debian hosts for a test: systemd, sshd, apt, ufw, each in a network namespace of its own, on a network of their own.
 *
 *     await using fleet = await bootFleet({ hosts: 3 });
 *     await fleet.partition("r1", "peers");
 *     await fleet.host("r2").exec("systemctl restart redis-server");
 *
 * `deploySentinel` and `deployCluster` put Redis on it. docs/guide/fleet.md says what such hosts can show and what not.
 */
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { makeDisk, removeDisk } from "./disk.ts";
import { type FleetHost, hostAt, type PoweredHost } from "./host.ts";
import { startKeeper } from "./keeper-start.ts";
import { createNetwork, cut, cutsAt, mend, networkOf, removeNetwork } from "./network.ts";
import { claimFor, isKept, isOrphan, mayTakeDown } from "./owner.ts";
import { fleetsFolder } from "./paths.ts";
import { ensurePool, type PoolName } from "./pools.ts";
import { run } from "./run.ts";
import { ensureTree, type Suite, treeFolder } from "./tree.ts";

export interface FleetOptions {
  /** Default 3. They are called r1, r2, … */
  readonly hosts?: number;
  /** Default bookworm. */
  readonly suite?: Suite;
  /** What apt of the hosts can install from; by default the pool that has the name of the suite. */
  readonly pools?: readonly PoolName[];
  /** It outlives this process, until somebody takes it down. */
  readonly keep?: boolean;
  /** What takes long, line by line. */
  readonly report?: (line: string) => void;
}

/** A host by its name or as it is. */
export type HostRef = string | FleetHost;

export interface Fleet extends AsyncDisposable {
  /** Tells it from others on this machine; its network is 10.77.NUMBER.0/24, with this machine at .1 and r1 at .11. */
  readonly number: number;
  /** What belongs to it; gone once it is down. */
  readonly folder: string;
  readonly hosts: readonly FleetHost[];
  host(name: string): FleetHost;
  /** `ssh -F FILE r1`: as `ops`, with verified host keys. */
  readonly sshConfigFile: string;
  /** Private key that `ops` and root let in. */
  readonly identity: string;
  readonly knownHosts: string;

  /** Pulls the plug: no signal, no goodbye on the network. The disk stays. */
  powerOff(host: HostRef): Promise<void>;
  boot(host: HostRef): Promise<void>;
  /** An orderly reboot, and waits until it is up again. */
  reboot(host: HostRef): Promise<void>;
  /**
   * Cuts a host off: from its `peers`, which leaves SSH from this machine; from `all`, this machine included; or from
   * some. Nothing on the host shows it: packets vanish on the way. Adds to what is cut off already.
   */
  partition(host: HostRef, from: "peers" | "all" | readonly HostRef[]): Promise<void>;
  /** Mends all cuts, or those of one host. */
  heal(host?: HostRef): Promise<void>;
  /** Makes every round trip to a host longer by some milliseconds, also after a reboot; 0 ends it. */
  latency(host: HostRef, ms: number): Promise<void>;
  /** Freezes all that runs on a host: connections stay open, nothing answers. */
  hang(host: HostRef): Promise<void>;
  resume(host: HostRef): Promise<void>;
  /** One line per host, for people. */
  ps(): Promise<HostState[]>;
  /** Ends everything and removes it. A second call does nothing. */
  down(): Promise<void>;
}

export interface HostState {
  readonly name: string;
  readonly address: string;
  readonly suite: Suite;
  readonly state: "on" | "off" | "hung";
  /** `+80 ms`, `cut off from peers`. */
  readonly faults: readonly string[];
}

/** What a fleet's folder says of it. */
interface Description {
  readonly number: number;
  readonly hosts: readonly { readonly name: string; readonly suite: Suite; readonly tree: string }[];
}

const MOST_HOSTS = 9;
const MOST_FLEETS = 99;

/**
 * Boots a fleet and waits until every host is up: 5 seconds for three hosts, once tree and pools are in the cache. Fleets
 * whose owner was killed are taken down first; this one goes when this process ends, however it ends, unless `keep`.
 */
export async function bootFleet(options: FleetOptions = {}): Promise<Fleet> {
  const { hosts = 3, suite = "bookworm", keep = false, report } = options;
  if (hosts < 1 || hosts > MOST_HOSTS) throw new Error(`a fleet has 1 to ${MOST_HOSTS} hosts, not ${hosts}`);
  const pools: readonly PoolName[] = options.pools ?? [suite];
  await removeOrphans();
  await ensureTree(suite, report);
  for (const pool of pools) await ensurePool(pool, report);

  const names = Array.from({ length: hosts }, (_, index) => `r${index + 1}`);
  const folder = await claim(
    names.map((name) => ({ name, suite, tree: treeFolder(suite) })),
    !keep,
  );
  const release = keep ? () => {} : startKeeper(folder);
  try {
    await prepare(folder, pools);
    const fleet = openFleet(folder, release);
    await Promise.all(names.map((name) => fleet.boot(name)));
    return fleet;
  } catch (error) {
    await takeDown(folder);
    release();
    throw error;
  }
}

/** The fleets that are up, by number, and whether they stay until somebody takes them down. */
export function runningFleets(): { readonly fleet: Fleet; readonly kept: boolean }[] {
  return fleetFolders().map((folder) => ({ fleet: openFleet(folder), kept: isKept(folder) }));
}

/** Takes down what fleets left behind whose owner is gone. */
export async function removeOrphans(): Promise<void> {
  for (const folder of fleetFolders().filter(isOrphan)) await takeDown(folder);
}

/** Ends everything that belongs to the fleet of a folder, as far as it got, and removes it. */
export async function takeDown(folder: string): Promise<void> {
  if (!existsSync(folder) || !(await mayTakeDown(folder))) return;
  const description = describe(folder);
  const network = networkOf(description.number);
  await Promise.all(
    powered(folder).map(async (host) => {
      await host.cutPower();
      await removeDisk(join(folder, host.name));
    }),
  );
  await removeNetwork(network);
  // Gone at once, so that nobody finds half of it.
  const gone = join(fleetsFolder(), `gone-${basename(folder)}`);
  renameSync(folder, gone);
  await run("rm", ["-rf", "--one-file-system", gone]);
}

/** A fleet that runs already, by its folder. */
function openFleet(folder: string, release: () => void = () => {}): Fleet {
  const { number } = describe(folder);
  const network = networkOf(number);
  const hosts = powered(folder);
  const find = (ref: HostRef): PoweredHost => {
    const name = typeof ref === "string" ? ref : ref.name;
    const found = hosts.find((host) => host.name === name);
    if (!found) throw new Error(`the fleet has no host ${name}; it has ${hosts.map((host) => host.name).join(", ")}`);
    return found;
  };
  const othersOf = (host: FleetHost): string[] => hosts.map(({ name }) => name).filter((name) => name !== host.name);
  const reachable = async (host: FleetHost): Promise<boolean> =>
    !(await cutsAt(network, host.name, [])).includes("cut off from all");
  const down = async (): Promise<void> => {
    await takeDown(folder);
    release();
  };
  return {
    number,
    folder,
    hosts,
    host: find,
    ...access(folder),
    powerOff: (ref) => find(ref).cutPower(),
    boot: async (ref) => {
      const host = find(ref);
      await host.start();
      await host.booted(await reachable(host));
    },
    reboot: async (ref) => find(ref).reboot(await reachable(find(ref))),
    partition: (ref, from) =>
      cut(network, find(ref).name, typeof from === "string" ? from : from.map((other) => find(other).name)),
    heal: (ref) => (ref === undefined ? mend(network) : mend(network, find(ref).name, othersOf(find(ref)))),
    latency: (ref, ms) => find(ref).delay(ms),
    hang: (ref) => find(ref).freeze(true),
    resume: (ref) => find(ref).freeze(false),
    ps: () =>
      Promise.all(
        hosts.map(async (host) => {
          const cuts = await cutsAt(network, host.name, othersOf(host));
          const state = host.hung() ? "hung" : host.running() ? "on" : "off";
          const faults = [...(host.latencyMs() > 0 ? [`+${host.latencyMs()} ms`] : []), ...cuts];
          return { name: host.name, address: host.address, suite: host.suite, state, faults };
        }),
      ),
    down,
    [Symbol.asyncDispose]: down,
  };
}

/**
 * Takes the first number that is free, with a network and a folder. The kernel settles who has the bridge, for others may
 * keep their fleets elsewhere. The folder appears by a rename, complete with what is needed to take it down, and under a
 * name that no other fleet ever has: whoever comes late to take this one down finds nothing.
 */
async function claim(hosts: Description["hosts"], owned: boolean): Promise<string> {
  const token = randomBytes(4).toString("hex");
  const draft = join(fleetsFolder(), `draft-${token}`);
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  claimFor(draft, owned);
  const taken = new Set(fleetFolders().map((folder) => Number.parseInt(basename(folder), 10)));
  for (let number = 1; number <= MOST_FLEETS; number += 1) {
    if (taken.has(number) || !(await createNetwork(networkOf(number)))) continue;
    writeFileSync(join(draft, "fleet.json"), JSON.stringify({ number, hosts } satisfies Description));
    const folder = join(fleetsFolder(), `${number}-${token}`);
    renameSync(draft, folder);
    return folder;
  }
  rmSync(draft, { recursive: true });
  throw new Error(`${MOST_FLEETS} fleets are up already: npm run fleet -- ps`);
}

/** Gives every host its disk, and writes what logs in to them. */
async function prepare(folder: string, pools: readonly PoolName[]): Promise<void> {
  const { identity, knownHosts, sshConfigFile } = access(folder);
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "redisha-fleet", "-f", identity]);
  const publicKey = readFileSync(`${identity}.pub`, "utf8");
  const hosts = powered(folder);
  const keys = await Promise.all(
    describe(folder).hosts.map(({ name, tree }) =>
      makeDisk({ name, folder: join(folder, name), tree, pools, publicKey }),
    ),
  );
  const known = hosts.flatMap(({ address }, index) => (keys[index] ?? []).map((key) => `${address} ${key}\n`));
  writeFileSync(knownHosts, known.join(""));
  const sections = hosts.map(({ name, address }) => `Host ${name}\n  HostName ${address}\n`);
  writeFileSync(
    sshConfigFile,
    `${sections.join("")}Host *
  User ops
  IdentityFile ${identity}
  IdentitiesOnly yes
  UserKnownHostsFile ${knownHosts}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
  BatchMode yes
  ConnectTimeout 3
  LogLevel ERROR
`,
  );
}

function access(folder: string): Pick<Fleet, "identity" | "knownHosts" | "sshConfigFile"> {
  return {
    identity: join(folder, "id"),
    knownHosts: join(folder, "known_hosts"),
    sshConfigFile: join(folder, "ssh_config"),
  };
}

function powered(folder: string): PoweredHost[] {
  const { number, hosts } = describe(folder);
  const { sshConfigFile } = access(folder);
  return hosts.map(({ name, suite, tree }, index) =>
    hostAt({
      ...{ fleet: number, network: networkOf(number), number: index + 1, name, suite, tree },
      ...{ folder: join(folder, name), sshConfigFile },
    }),
  );
}

function describe(folder: string): Description {
  return JSON.parse(readFileSync(join(folder, "fleet.json"), "utf8"));
}

function fleetFolders(): string[] {
  if (!existsSync(fleetsFolder())) return [];
  return readdirSync(fleetsFolder())
    .filter((name) => /^\d+-/.test(name) && existsSync(join(fleetsFolder(), name, "fleet.json")))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))
    .map((name) => join(fleetsFolder(), name));
}
