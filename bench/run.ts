import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { packagePath, packageRoot } from "../src/core/package-root.ts";
import { backup, backupMemory } from "./backup.ts";
import type { Bench } from "./bench.ts";
import { engine } from "./engine.ts";
import { engineMemory } from "./engine-memory.ts";
import { evidence, type Result } from "./evidence.ts";
import { reshard, reshardServer, reshardSlow } from "./reshard.ts";
import { startup } from "./startup.ts";
import { statusLoopback, statusMany, statusSsh } from "./status.ts";

/**
 * Measures what is promised about speed: `npm run bench [NAME…] [-- --evidence]`. Each figure is a ratio to a peer timed in
 * the same run, because milliseconds say more about a machine than about a program. Nothing here fails for being slow.
 */
const BENCHES: readonly Bench[] = [
  startup,
  statusLoopback,
  statusSsh,
  statusMany,
  engine,
  engineMemory,
  backup,
  backupMemory,
  reshard,
  reshardSlow,
  reshardServer,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { evidence: { type: "boolean", default: false } },
});
const unknown = positionals.filter((name) => !BENCHES.some((bench) => bench.name === name));
if (unknown.length > 0) {
  process.stderr.write(`no bench ${unknown.join(", ")}; there are ${BENCHES.map(({ name }) => name).join(", ")}\n`);
  process.exit(2);
}

const results: Result[] = [];
for (const bench of BENCHES.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  process.stdout.write(`\n${bench.name}: ${bench.summary}\n`);
  const { timings, claims } = await bench.measure();
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  for (const { name, median_ms, min_ms, runs } of timings) {
    process.stdout.write(
      `  ${name.padEnd(26)} median ${String(median_ms).padStart(8)} ms   min ${String(min_ms).padStart(8)} ms   of ${runs}\n`,
    );
  }
  for (const { promise, figure, quickest, met } of claims) {
    const verdict = met === undefined ? "seen" : met ? "met" : "MISSED";
    process.stdout.write(
      `  ${verdict}: ${promise}: ${figure}${quickest ? `, quickest runs ${quickest}` : ""} (load ${load})\n`,
    );
  }
  results.push({ bench: bench.name, ...stamp(), load, timings, claims });
}

mkdirSync(packagePath("bench/results"), { recursive: true });
writeFileSync(packagePath("bench/results/latest.json"), `${JSON.stringify(results, null, 2)}\n`);
if (values.evidence) {
  const file = packagePath("docs/evidence.md");
  writeFileSync(file, evidence(readFileSync(file, "utf8"), results));
}

function stamp() {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: packageRoot(), encoding: "utf8" }).trim();
  return {
    date: new Date().toISOString().slice(0, 10),
    commit: git("rev-parse", "--short", "HEAD"),
    cores: availableParallelism(),
  };
}
