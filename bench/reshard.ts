import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { cachedEngine } from "../src/lab/engines.ts";
import { type Bench, type Claim, held } from "./bench.ts";
import { type Watched, watch } from "./cluster-clients.ts";
import { race, type Timing } from "./measure.ts";
import { fillSlots, type Primaries } from "./reshard-keys.ts";
import { type Mover, moversOf, primariesOf } from "./slot-movers.ts";
import { stepTimes } from "./step-times.ts";
import { withDelay } from "./with-delay.ts";
import { type Lab, withLabs } from "./with-labs.ts";

const RUNS = 3;

/** Nothing else writes to disks, and no failover comes in between on a machine that is busy. */
const SHAPE = { topology: "cluster", ssh: false, downAfterMs: 15_000, config: { save: "" } } as const;

/** How long clients are watched while nothing is moved, in milliseconds. */
const AT_REST_MS = 5_000;

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
      const movers = await againstRedisCli(lab, primariesOf(lab), lab.file);
      const timings = await race(
        movers.map((mover) => mover.around()),
        RUNS,
      );
      const { claims } = await watched(movers, () => watch(primariesOf(lab)));
      return { timings, claims: [...claimsOf(timings, "on loopback", 3, 1.8), ...claims] };
    }),
};

/** Every round trip through something that is late. */
export const reshardSlow: Bench = {
  name: "reshard-slow",
  summary: "the same, one move each, with 0.84 ms of round trip to and between all nodes",
  measure: () =>
    withLabs([SHAPE], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      await fillSlots(primariesOf(lab));
      return withDelay(lab, 0.84, async (late) => {
        const movers = await againstRedisCli(lab, late.primaries, late.file);
        const { timings, claims } = await watched(movers, () => late.watch());
        return { timings, claims: [...claimsOf(timings, "with 0.84 ms of round trip", 10, 4), ...claims] };
      });
    }),
};

const BY_SERVER = { peer: "valkey-cli, by the servers", subject: "redisha, by the servers" } as const;
const ITS_STEP = "its step `move`, a round of it";

/** Where the servers move the slots, and both programs have them do it. */
export const reshardServer: Bench = {
  name: "reshard-server",
  summary: "the same moved by servers of Valkey 9.1 themselves, against valkey-cli's own use of it",
  measure: () =>
    withLabs([{ ...SHAPE, engine: "valkey-9.1" }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const primaries = primariesOf(lab);
      await fillSlots(primaries);
      const program = join(await cachedEngine("valkey-9.1", () => undefined), "bin", "valkey-cli");
      const { cli, subject } = await moversOf(lab, primaries, lab.file, program);
      const movers = [cli(BY_SERVER.peer, "--cluster-use-atomic-slot-migration"), subject(BY_SERVER.subject)];
      const whole = await race(
        movers.map((mover) => mover.around()),
        RUNS,
      );
      const timings = [...whole, await ofStep(lab.folder, primaries.length)];
      const byKeys = subject("redisha, key by key", "--method", "keys");
      const { claims } = await watched([...movers, byKeys], () => watch(primaries));
      const promise = "`reshard` by the servers, planned and surveyed, within 1.2 times of valkey-cli";
      const alone = "its step `move` alone, behind start, plan and survey, within 1.2 times of valkey-cli";
      const kept = [
        held(timings, { promise, ...BY_SERVER, atMost: 1.2 }),
        held(timings, { promise: alone, peer: BY_SERVER.peer, subject: ITS_STEP, atMost: 1.2 }),
      ];
      return { timings, claims: [...kept, ...claims] };
    }),
};

/** What a round of a race, of so many moves, took by their journals; the first round, that warmed it up, does not count. */
async function ofStep(folder: string, moves: number): Promise<Timing> {
  const times = (await stepTimes(folder, "move")).slice(moves).sort((a, b) => a - b);
  const [min = 0, median = 0] = [times[0], times[Math.floor(times.length / 2)]];
  return { name: ITS_STEP, median_ms: median * moves, min_ms: min * moves, runs: times.length };
}

/** One move of each, with how long clients wait for their answers meanwhile, and while nothing is moved. */
async function watched(movers: readonly Mover[], look: () => Watched) {
  const timings: Timing[] = [];
  const claims: Claim[] = [];
  const tell = async (who: string, clients: Watched) => {
    const { p50, p99, worst } = await clients.stop();
    const figure = `p50 ${p50} ms, p99 ${p99} ms, worst ${worst} ms`;
    claims.push({ promise: `clients meanwhile, ${who}`, figure, quickest: "", met: undefined });
  };
  const atRest = look();
  await pause(AT_REST_MS);
  await tell("nothing moved", atRest);
  for (const [index, mover] of movers.entries()) {
    const clients = look();
    const [timing] = await race([mover.into(index)], 0);
    await tell(mover.name, clients);
    if (timing) timings.push(timing);
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

async function againstRedisCli(lab: Lab, primaries: Primaries, file: string): Promise<Mover[]> {
  const { cli, subject } = await moversOf(lab, primaries, file, "redis-cli");
  return [cli(NAMES.plain), cli(NAMES.pipelined, "--cluster-pipeline", "100"), subject(NAMES.subject)];
}
