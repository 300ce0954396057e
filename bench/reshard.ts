import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { type Bench, type Claim, held } from "./bench.ts";
import { type Contestant, race, type Timing } from "./measure.ts";
import { fillSlots, type Primaries } from "./reshard-keys.ts";
import { redisha } from "./subject.ts";
import { type Watched, watch, withDelay } from "./with-delay.ts";
import { type Lab, withLabs } from "./with-labs.ts";

const RUNS = 3;
/** A quarter of all slots goes to one primary, from both others. */
const SLOTS = "4096";

/** Nothing else writes to disks, and no failover comes in between on a machine that is busy. */
const SHAPE = { topology: "cluster", ssh: false, downAfterMs: 15_000, config: { save: "" } } as const;

const NAMES = { plain: "redis-cli reshard", pipelined: "redis-cli, pipeline 100", subject: "redisha reshard" } as const;

/** A quarter of a million keys to each primary in turn, from the two others, against the tool that comes with Redis. */
export const reshard: Bench = {
  name: "reshard",
  summary:
    "4096 slots with 250,000 keys from two primaries to the third, to each in turn, against redis-cli --cluster reshard",
  measure: () =>
    withLabs([SHAPE], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      await fillSlots(primariesOf(lab));
      const movers = await moversOf(lab, lab.file);
      const timings = await race(
        movers.map((mover) => mover.around()),
        RUNS,
      );
      const { claims } = await watched(movers, () => watch(primariesOf(lab)));
      return { timings, claims: [...claimsOf(timings, "on loopback", 3, 1.8), ...claims] };
    }),
};

/** Each way through something that is late by 0.42 ms. */
export const reshardSlow: Bench = {
  name: "reshard-slow",
  summary: "the same, one move each, with 0.84 ms of round trip to and between all nodes",
  measure: () =>
    withLabs([SHAPE], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      await fillSlots(primariesOf(lab));
      return withDelay(lab, 0.42, async (late) => {
        const movers = await moversOf(late, late.file);
        const { timings, claims } = await watched(movers, () => late.watch());
        return { timings, claims: [...claimsOf(timings, "with 0.84 ms of round trip", 10, 4), ...claims] };
      });
    }),
};

/** One move of each, with how long clients wait for their answers meanwhile. */
async function watched(movers: readonly Mover[], look: () => Watched) {
  const timings: Timing[] = [];
  const claims: Claim[] = [];
  for (const [index, mover] of movers.entries()) {
    const clients = look();
    const [timing] = await race([mover.into(index)], 0);
    const { p50, p99, worst } = await clients.stop();
    if (timing) timings.push(timing);
    const figure = `p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms`;
    claims.push({ promise: `clients meanwhile, ${mover.name}`, figure, quickest: "", met: undefined });
  }
  return { timings, claims };
}

function claimsOf(timings: readonly Timing[], where: string, ofPlain: number, ofPipelined: number) {
  const aim = (peer: string, atLeast: number) =>
    held(timings, {
      promise: `\`reshard\`, planned and surveyed, at least ${atLeast} times as fast as ${peer} ${where}`,
      ...{ subject: NAMES.subject, peer, atLeast },
    });
  return [aim(NAMES.plain, ofPlain), aim(NAMES.pipelined, ofPipelined)];
}

/** What is typed to move slots from some primaries to one, by the names of their hosts. */
type Line = (from: readonly string[], to: string) => readonly string[];

/** Who moves slots to a primary from the two others. */
class Mover {
  readonly name: string;
  readonly #primaries: Primaries;
  readonly #argv: Line;
  readonly #env: Readonly<Record<string, string>>;

  constructor(name: string, primaries: Primaries, argv: Line, env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#primaries = primaries;
    this.#argv = argv;
    this.#env = env;
  }

  /** To the one of that rank. */
  into(rank: number): Contestant {
    return { name: this.name, argv: ["sh", "-c", this.#line(rank)], env: this.#env };
  }

  /** To each in turn, so that whoever comes next finds the slots about where they were. */
  around(): Contestant {
    const lines = this.#primaries.map((_, rank) => this.#line(rank));
    return { name: this.name, argv: ["sh", "-c", lines.join("; ")], env: this.#env };
  }

  /** redis-cli refuses to begin until every replica has heard of the last move: it is tried again until it does not. */
  #line(rank: number): string {
    const others = this.#primaries.filter((_, index) => index !== rank).map(({ host }) => host);
    const words = this.#argv(others, this.#primaries[rank]?.host ?? "").map((word) => `'${word}'`);
    return `n=0; until ${words.join(" ")}; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done`;
  }
}

async function moversOf(lab: { readonly primaries?: Primaries } & Lab, file: string): Promise<Mover[]> {
  const primaries = lab.primaries ?? primariesOf(lab);
  const ids = new Map<string, string>();
  for (const { host, address, port } of primaries) {
    const { stdout } = await promisify(execFile)("redis-cli", ["-h", address, "-p", `${port}`, "CLUSTER", "MYID"]);
    ids.set(host, stdout.trim());
  }
  const id = (host: string) => ids.get(host) ?? "";
  const [first] = primaries;
  const cli = (name: string, ...more: string[]) =>
    new Mover(name, primaries, (from, to) => [
      ...["redis-cli", "--cluster", "reshard", `${first?.address}:${first?.port}`, "--cluster-yes"],
      ...["--cluster-from", from.map(id).join(","), "--cluster-to", id(to), "--cluster-slots", SLOTS, ...more],
    ]);
  const { argv, env } = redisha(NAMES.subject, "reshard", "--file", file, "--slots", SLOTS);
  const subject = new Mover(NAMES.subject, primaries, (from, to) => [...argv, "--from", from.join(","), "--to", to], {
    ...env,
    REDISHA_STATE_DIR: lab.folder,
  });
  return [cli(NAMES.plain), cli(NAMES.pipelined, "--cluster-pipeline", "100"), subject];
}

function primariesOf(lab: Lab): Primaries {
  return lab.processes.filter(({ service }) => service === "redis").slice(0, 3);
}
