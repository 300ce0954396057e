import type { ExecResult } from "../../../connect/types.ts";
import { RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import type { Host } from "../../../inventory/model.ts";
import { type Benchmark, readRates } from "../../../size/benchmark.ts";

interface Measured extends Pick<Benchmark, "rates" | "cores" | "version"> {
  /** Of each test. */
  readonly requests: number;
}

/** What a script of `scripts.ts` printed. Fails with SIZE_BENCHMARK_FAILED and what it said instead. */
export function measuredBy(result: ExecResult, host: Host): Measured {
  const [requests = "", cores = "", version = "", ...csv] = result.stdout.split("\n");
  const rates = readRates(csv.join("\n"));
  if (result.code === 0 && rates.length > 0) {
    return { requests: Number(requests), cores: Number(cores) || null, version: version.trim(), rates };
  }
  const said = result.stderr.trim().split("\n").slice(-2).join(" / ");
  throw new RedishaError({
    code: "SIZE_BENCHMARK_FAILED",
    message: `redis-benchmark measured nothing on ${host.name}: ${said || `status ${result.code ?? result.signal}`}`,
    host: host.name,
    exit: EXIT.failedSafe,
    state: "what was started for it is gone",
    next: [`on ${host.name}: redis-benchmark --version`, "measure on another host: --on HOST"],
  });
}
