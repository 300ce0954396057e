import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { slotOf } from "../src/drill/hash-slot.ts";
import { type Bench, held } from "./bench.ts";
import { type Contestant, race } from "./measure.ts";
import { redisha } from "./subject.ts";
import { type Lab, withLabs } from "./with-labs.ts";

const RUNS = 3;
const KEYS = 1_000_000;
/** A quarter of all slots goes there, and comes back. */
const SLOTS = "4096";

/** Nothing else writes to disks, and no failover comes in between on a machine that is busy. */
const SHAPE = { topology: "cluster", ssh: false, downAfterMs: 15_000, config: { save: "" } } as const;

/** A quarter of a million keys to another primary, and back again, against the tool that comes with Redis. */
export const reshard: Bench = {
  name: "reshard",
  summary: "4096 slots with 250,000 keys to another primary and back, against redis-cli --cluster reshard",
  measure: () =>
    withLabs([SHAPE], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      await fill(lab);
      const plain = await redisCli("redis-cli reshard", lab, []);
      const pipelined = await redisCli("redis-cli, pipeline 100", lab, ["--cluster-pipeline", "100"]);
      const { argv, env } = redisha("redisha reshard", "reshard", "--file", lab.file, "--slots", SLOTS);
      const subject = {
        ...thereAndBack("redisha reshard", (from, to) => [...argv, "--from", from, "--to", to]),
        env: { ...env, REDISHA_STATE_DIR: lab.folder },
      };
      const timings = await race([plain, pipelined, subject], RUNS);
      const aim = (peer: Contestant, atLeast: number) =>
        held(timings, {
          promise: `\`reshard\`, planned and surveyed, at least ${atLeast} times as fast as ${peer.name} on loopback`,
          ...{ subject: subject.name, peer: peer.name, atLeast },
        });
      return { timings, claims: [aim(plain, 3), aim(pipelined, 1.8)] };
    }),
};

async function redisCli(name: string, lab: Lab, more: readonly string[]): Promise<Contestant> {
  const ids = new Map<string, string>();
  for (const { id, host, address, port } of primaries(lab)) {
    const { stdout } = await promisify(execFile)("redis-cli", ["-h", address, "-p", `${port}`, "CLUSTER", "MYID"]);
    ids.set(host, stdout.trim());
    if (!ids.get(host)) throw new Error(`${id} does not say who it is`);
  }
  const [first] = primaries(lab);
  return thereAndBack(name, (from, to) => [
    ...["redis-cli", "--cluster", "reshard", `${first?.address}:${first?.port}`, "--cluster-yes"],
    ...["--cluster-from", ids.get(from) ?? "", "--cluster-to", ids.get(to) ?? "", "--cluster-slots", SLOTS, ...more],
  ]);
}

/**
 * Both ways, so that whoever comes next finds the slots where they were. redis-cli refuses to begin until every replica has
 * heard of the last move, so that it is tried again until it does not.
 */
function thereAndBack(name: string, argv: (from: string, to: string) => readonly string[]): Contestant {
  const line = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
  const move = (from: string, to: string) =>
    `n=0; until ${line(argv(from, to))}; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done`;
  return { name, argv: ["sh", "-c", `${move("r1", "r3")}; ${move("r3", "r1")}`] };
}

/** Writes to each primary of a new lab the keys whose slots it owns. */
async function fill(lab: Lab): Promise<void> {
  const nodes = primaries(lab);
  const loaders = nodes.map(({ address, port }) =>
    spawn("redis-cli", ["-h", address, "-p", `${port}`, "--pipe"], { stdio: ["pipe", "ignore", "inherit"] }),
  );
  const ended = Promise.all(loaders.map((loader) => once(loader, "close")));
  for (let at = 0; at < KEYS; at += 10_000) {
    const commands = nodes.map(() => "");
    for (let key = at; key < at + 10_000; key += 1) {
      const name = `key:${key}`;
      const slot = slotOf(name);
      const node = nodes.findLastIndex((_, rank) => slot >= Math.round((rank * 16_384) / nodes.length));
      commands[node] += `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$64\r\n${"v".repeat(64)}\r\n`;
    }
    for (const [index, loader] of loaders.entries()) {
      if (!loader.stdin.write(commands[index])) await once(loader.stdin, "drain");
    }
  }
  for (const loader of loaders) loader.stdin.end();
  await ended;
}

function primaries(lab: Lab) {
  return lab.processes.filter(({ service }) => service === "redis").slice(0, 3);
}
