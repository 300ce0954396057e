import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../src/lab/shape.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { type ComparableReport, startOwnClients } from "../support/own-clients.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const MODES = ["hang", "crash", "partition", "partition_all", "switchover"];
const ENGINES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];
/** REDISHA_SOAK_RUNS shortens it, where there is no time for what is promised. */
const RUNS = Number(process.env.REDISHA_SOAK_RUNS ?? 3);

interface Envelope {
  readonly result?: { readonly error: unknown; readonly report: ComparableReport };
  readonly error?: unknown;
}

async function figuresOf(lab: TestLab, mode: string, ...flags: string[]): Promise<ComparableReport["figures"]> {
  return (await reportOf(lab, mode, ...flags)).figures;
}

async function reportOf(lab: TestLab, mode: string, ...flags: string[]): Promise<ComparableReport> {
  const argv = ["failover-test", "--file", lab.file, "--yes", "--mode", mode, "--watch", "1s", ...flags, "--json"];
  const { result, error }: Envelope = JSON.parse((await redisha(argv)).stdout);
  expect(result ? result.error : error).toBeNull();
  if (!result) throw new Error("no result");
  return result.report;
}

describe.each(["sentinel", "cluster"] as const)("failover-test with %s", (topology) => {
  it.each(MODES.flatMap((mode) => ENGINES.map((engine) => [mode, engine] as const)))(
    `%s on %s, ${RUNS} times: what was acknowledged is kept, and a client of its own sees the same`,
    async (mode, engine) => {
      for (let n = 0; n < RUNS; n += 1) {
        // A shorter silence than that a busy machine has now and then: the one who took over would be deposed, alive.
        await using lab = await bringUpLab({ topology, engine, downAfterMs: 3_000 });
        const own = startOwnClients(lab);
        const report = await reportOf(lab, mode);
        const compared = await own.compare(report, (primary, key) => lab.cli(primary, "LRANGE", key, "0", "-1"));
        const { lost_writes, refused_found } = report.figures;
        process.stdout.write(`${JSON.stringify({ topology, engine, mode, lost_writes, compared })}\n`);
        expect(refused_found).toBe(0);
        // Whoever still reaches a primary that is cut off from its peers writes what nobody keeps.
        if (mode !== "partition") expect(lost_writes).toBe(0);
        for (const { kind, difference, late, own_lost } of compared) {
          if (mode !== "partition") expect(own_lost).toBe(0);
          // Who has to wait for its time limit to be up learns of it later by up to that, whenever it began.
          const told = topology === "sentinel" && kind === "subscriber";
          if (told || mode === "crash") expect(Math.abs(difference)).toBeLessThanOrEqual(20 + late);
        }
      }
    },
  );
});

it("shows that min-replicas-to-write bounds what a primary that is cut off loses", async () => {
  const lost = async (config: LabOptions["config"]) => {
    await using lab = await bringUpLab({ config });
    return Number((await figuresOf(lab, "partition", "--hold", "8s")).lost_writes_any);
  };
  const without = await lost({});
  const bounded = await lost({ "min-replicas-to-write": "1", "min-replicas-max-lag": "1" });
  process.stdout.write(`${JSON.stringify({ lost: { without, bounded } })}\n`);
  expect(without).toBeGreaterThan(0);
  expect(bounded).toBeLessThan(without / 2);
});

it.each(["hang", "crash", "partition", "partition_all"])(
  "a kill -9 of redisha in the middle of %s is healed by the host itself, and the run can be taken back",
  async (mode) => {
    await using lab = await bringUpLab();
    let run = "";
    await redisha(["failover-test", "--file", lab.file, "--yes", "--mode", mode, "-o", "jsonl"], {
      onStdout(text, kill) {
        if (run !== "" || !text.includes('"phase":"fault"')) return;
        run = /"run":"([^"]+)"/.exec(text)?.[1] ?? "";
        kill("SIGKILL");
      },
    });
    expect((await redisha(["runs", "show", run])).stdout).toMatch(/r1 puts .* back by itself within 30s/);
    await until(async () => (await lab.cli("r1:6379", "ROLE").catch(() => "")).startsWith("slave"));
    await redisha(["runs", "rollback", run, "--yes"]);
    expect((await redisha(["runs", "show", run])).stdout).toMatch(/put back by r1 itself/);
  },
);
