/** `npm run fleet -- …`: fleets to explore by hand, made by the same code as those of the tests. */
import { parseArgs } from "node:util";
import { deployCluster } from "./deploy-cluster.ts";
import { deploySentinel } from "./deploy-sentinel.ts";
import { bootFleet, type Fleet, removeOrphans, runningFleets } from "./fleet.ts";
import { ensurePool, POOL_NAMES } from "./pools.ts";
import { isRelease, type Release } from "./releases.ts";
import { whyNoFleet } from "./requirements.ts";
import { SUITES } from "./tree.ts";

const HELP = `npm run fleet -- COMMAND [--fleet NUMBER]

  up [HOSTS] [SUITE]              boot r1, r2, … (3) of bookworm, trixie or bullseye; they stay until "down"
  deploy sentinel|cluster [RELEASE]   Redis on it, e.g. redis-7.0 or valkey-8.1, and a redisha.yaml for it
  ps                              all fleets of this machine
  exec HOST COMMAND               as root at the host's console, whatever the network does
  ssh HOST COMMAND                as ops, over the network
  kill HOST | boot HOST | reboot HOST     pull the plug, disk kept | start it again | in good order
  partition HOST [all | HOST…]    cut it off from its peers, from everything, or from some
  latency HOST MILLISECONDS       longer round trips to it; 0 ends it
  hang HOST | resume HOST         freeze all that runs on it
  heal [HOST]                     mend what partition has cut
  down                            end and remove it
  fetch [POOL…]                   bring packages into the cache now, else they come when they are first needed
`;

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${line}\n`);

/** A mistake in what was typed. */
class UsageError extends Error {}

async function main(argv: readonly string[]): Promise<number> {
  const [command = "help", ...rest] = argv;
  // What is to be run on a host has flags of its own.
  const free = command === "exec" || command === "ssh";
  const { fleet: number, words } = free ? takeFleet(rest) : parse(rest);
  if (command === "help" || command === "--help") {
    say(HELP.trimEnd());
    return 0;
  }
  const missing = whyNoFleet();
  if (missing !== undefined) throw new Error(missing);
  await removeOrphans();

  const [word = "", ...others] = words;
  const fleet = (): Fleet => choose(number);
  switch (command) {
    case "up":
      await up(word, others[0]);
      return 0;
    case "deploy":
      await deploy(fleet(), word, others[0]);
      return 0;
    case "ps":
      await ps();
      return 0;
    case "exec":
      return show(await fleet().host(word).attempt(others.join(" "), { timeoutMs: 3_600_000 }));
    case "ssh":
      return show(await fleet().host(word).ssh(others.join(" "), { timeoutMs: 3_600_000 }));
    case "kill":
      await fleet().powerOff(word);
      return 0;
    case "boot":
      await fleet().boot(word);
      return 0;
    case "reboot":
      await fleet().reboot(word);
      return 0;
    case "partition":
      await fleet().partition(word, others.length === 0 ? "peers" : others[0] === "all" ? "all" : others);
      return 0;
    case "latency":
      await fleet().latency(word, milliseconds(others[0]));
      return 0;
    case "hang":
      await fleet().hang(word);
      return 0;
    case "resume":
      await fleet().resume(word);
      return 0;
    case "heal":
      await fleet().heal(word === "" ? undefined : word);
      return 0;
    case "down":
      await fleet().down();
      return 0;
    case "fetch":
      for (const pool of POOL_NAMES.filter((name) => words.length === 0 || words.includes(name))) {
        await ensurePool(pool, progress);
      }
      return 0;
    default:
      throw new UsageError(`there is no command ${command}`);
  }
}

async function up(hosts: string, suite = "bookworm"): Promise<void> {
  const known = SUITES.find((each) => each === suite);
  if (!known) throw new UsageError(`there is no suite ${suite}: ${SUITES.join(", ")}`);
  const fleet = await bootFleet({ hosts: Number(hosts || 3), suite: known, keep: true, report: progress });
  say(`fleet ${fleet.number}: ${fleet.hosts.map(({ name, address }) => `${name} ${address}`).join(", ")}`);
  say(`ssh -F ${fleet.sshConfigFile} ${fleet.hosts[0]?.name}`);
}

async function deploy(fleet: Fleet, kind: string, release?: string): Promise<void> {
  if (release !== undefined && !isRelease(release)) throw new UsageError(`there is no release ${release}`);
  const options: { release?: Release } = release === undefined ? {} : { release };
  if (kind !== "sentinel" && kind !== "cluster") throw new UsageError("deploy wants to know what: sentinel or cluster");
  const { file } = await (kind === "sentinel" ? deploySentinel : deployCluster)(fleet, options);
  say(`redisha status --file ${file}`);
}

async function ps(): Promise<void> {
  for (const { fleet, kept } of runningFleets()) {
    say(`fleet ${fleet.number}${kept ? "" : " (of a test that runs)"}`);
    for (const { name, address, suite, state, faults } of await fleet.ps()) {
      say(`  ${[name, address.padEnd(13), suite.padEnd(8), state.padEnd(4), faults.join(", ")].join("  ").trimEnd()}`);
    }
  }
}

/** The fleet of that number; without one, the only one that is nobody else's. */
function choose(number: string | undefined): Fleet {
  const all = runningFleets();
  if (number !== undefined) {
    const found = all.find(({ fleet }) => String(fleet.number) === number);
    if (!found) throw new UsageError(`there is no fleet ${number}: npm run fleet -- ps`);
    return found.fleet;
  }
  const [only, ...more] = all.filter(({ kept }) => kept);
  if (!only) throw new UsageError("no fleet is up: npm run fleet -- up 3");
  if (more.length > 0) throw new UsageError("several fleets are up, name one: --fleet NUMBER (npm run fleet -- ps)");
  return only.fleet;
}

function show({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }): number {
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  return code;
}

function parse(argv: readonly string[]): { fleet?: string | undefined; words: string[] } {
  const { values, positionals } = parseArgs({
    args: [...argv],
    options: { fleet: { type: "string" } },
    allowPositionals: true,
  });
  return { fleet: values.fleet, words: positionals };
}

function takeFleet(argv: readonly string[]): { fleet?: string | undefined; words: string[] } {
  const [flag, number, ...words] = argv;
  return flag === "--fleet" ? { fleet: number, words } : { words: [...argv] };
}

function milliseconds(text = ""): number {
  if (!/^\d+$/.test(text)) throw new UsageError("latency wants whole milliseconds, e.g. latency r1 80");
  return Number(text);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  progress(error instanceof Error ? error.message : String(error));
  const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
  if (usage) progress("npm run fleet -- help");
  process.exitCode = usage ? 2 : 1;
}
