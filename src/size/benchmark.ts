import { z } from "zod";

/** What redis-benchmark measured of one server. */
export const benchmarkSchema = z.strictObject({
  server: z.string().describe("The instance that was measured, or `scratch` for a server made for it"),
  host: z.string().describe("Where it ran, and redis-benchmark with it"),
  version: z.string().describe("What the program calls itself"),
  cores: z.int().nullable().describe("Processors of that host"),
  connections: z.int(),
  value_bytes: z.int(),
  command: z.string().describe("What was run there"),
  rates: z
    .array(
      z.strictObject({
        test: z.string().describe("SET or GET"),
        ops: z.number().describe("Commands in a second"),
        p99_ms: z.number().nullable().describe("99 of 100 took no longer; null: this program does not say it"),
      }),
    )
    .min(1),
});

export type Benchmark = z.infer<typeof benchmarkSchema>;

/** Of what is possible at best, what may be planned with: TLS, the network, other commands and forks take the rest. */
export const PLANNING = { from: 0.25, to: 0.5 } as const;

/** Rates of `redis-benchmark --csv`: up to 6.0 two columns, since then eight below a line of titles. */
export function readRates(csv: string): Benchmark["rates"] {
  const rows = csv.split("\n").map((line) => [...line.matchAll(/"([^"]*)"/g)].map(([, cell = ""]) => cell));
  const titles = rows.find(([first]) => first === "test");
  const column = titles?.indexOf("p99_latency_ms") ?? -1;
  return rows.flatMap((row) => {
    const [test = "", ops = ""] = row;
    if (row === titles || !(Number(ops) > 0)) return [];
    const p99 = Number(row[column] ?? "");
    return [{ test: /\bGET\b/.test(test) ? "GET" : "SET", ops: Number(ops), p99_ms: column < 0 ? null : p99 }];
  });
}

/** The slowest of what was measured: nobody knows what a server will be asked most. Commands a second. */
export function bestOf({ rates }: Benchmark): number {
  return Math.min(...rates.map(({ ops }) => ops));
}
