import { spawn } from "node:child_process";

/** A command to time. */
export interface Contestant {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Exit statuses that count as done; anything else spoils the measurement. */
  readonly okCodes?: readonly number[];
}

export interface Timing {
  readonly name: string;
  readonly median_ms: number;
  readonly min_ms: number;
  readonly runs: number;
}

/**
 * Times whole commands, interleaved, so that what else the machine does hits all of them alike. The first round warms
 * caches and is not counted, unless it is the only one (`runs` is 0). Output is read and dropped, as a pipe would.
 */
export async function race(contestants: readonly Contestant[], runs: number): Promise<Timing[]> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= runs; round += 1) {
    for (const contestant of contestants) {
      const elapsed = await timed(contestant);
      if (round > 0 || runs === 0) times.get(contestant.name)?.push(elapsed);
    }
  }
  return [...times].map(([name, all]) => {
    const sorted = all.sort((a, b) => a - b);
    return {
      name,
      median_ms: tenths(sorted[Math.floor(sorted.length / 2)]),
      min_ms: tenths(sorted[0]),
      runs: sorted.length,
    };
  });
}

function tenths(ms = 0): number {
  return Math.round(ms * 10) / 10;
}

function timed({ name, argv, env, okCodes = [0] }: Contestant): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const [program = "", ...args] = argv;
    const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    child.stdout.resume();
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      if (code === null || !okCodes.includes(code))
        reject(new Error(`${name} ended with ${code}: ${said.slice(0, 500)}`));
      else resolve(performance.now() - started);
    });
  });
}
