import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../src/lab/shape.ts";
import { independentClient } from "../support/drills.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const MODES = ["hang", "crash", "partition", "partition_all", "switchover"];
const ENGINES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"];
/** REDISHA_SOAK_RUNS shortens it, where there is no time for what is promised. */
const RUNS = Number(process.env.REDISHA_SOAK_RUNS ?? 3);

/** As patient as the probes of a drill, so that it sees the same outage. */
const ANSWER_MS = 250;

interface Report {
  readonly figures: Record<string, number>;
  readonly probes: readonly {
    readonly kind: string;
    readonly outage: { readonly ms: number } | null;
    readonly lost: Readonly<Record<string, number>> | null;
  }[];
}

interface Envelope {
  readonly result?: { readonly error: unknown; readonly report: Report };
  readonly error?: unknown;
}

async function figuresOf(lab: TestLab, mode: string, ...flags: string[]): Promise<Record<string, number>> {
  return (await reportOf(lab, mode, ...flags)).figures;
}

async function reportOf(lab: TestLab, mode: string, ...flags: string[]): Promise<Report> {
  const argv = ["failover-test", "--file", lab.file, "--yes", "--mode", mode, "--watch", "1s", ...flags, "--json"];
  const { result, error }: Envelope = JSON.parse((await redisha(argv)).stdout);
  expect(result ? result.error : error).toBeNull();
  return result?.report ?? { figures: {}, probes: [] };
}

/** A hash tag of the shard that is drilled by default, 0-5460. */
const TAG = "{b}";

/** A client that shares nothing with the probes; what it gives in the end is what it saw, and did not find again. */
function startOwn(lab: TestLab): () => Promise<{ own_outage_ms: number; own_lost: number }> {
  if (lab.status.topology === "sentinel") {
    const client = independentClient(lab, "own", false);
    return async () => {
      const { acked, longest } = await client.stop();
      const there = new Set((await lab.cli(await primaryOf(lab), "LRANGE", "own", "0", "-1")).split("\n"));
      const own_lost = acked.filter((seq) => !there.has(String(seq))).length;
      return { own_outage_ms: longest.gap_ms, own_lost };
    };
  }
  const writers = startWriters(lab, 1, { answerMs: ANSWER_MS, prefix: TAG });
  return async () => {
    const { gapMs } = await writers.stop();
    return { own_outage_ms: gapMs, own_lost: (await lostOf(lab, await primaryOf(lab), writers)).length };
  };
}

/** Of a Cluster any node: redis-cli finds the one that has the key. */
async function primaryOf(lab: TestLab): Promise<string> {
  const servers = lab.status.processes.filter(({ service }) => service === "redis");
  for (const { id } of servers) if ((await lab.cli(id, "ROLE")).startsWith("master")) return id;
  throw new Error("nobody is a primary");
}

describe.each(["sentinel", "cluster"] as const)("failover-test with %s", (topology) => {
  it.each(MODES.flatMap((mode) => ENGINES.map((engine) => [mode, engine] as const)))(
    `%s on %s, ${RUNS} times: what was acknowledged is kept, and a client of its own sees the same`,
    async (mode, engine) => {
      for (let n = 0; n < RUNS; n += 1) {
        // A shorter silence than that a busy machine has now and then: the one who took over would be deposed, alive.
        await using lab = await bringUpLab({ topology, engine, downAfterMs: 3_000 });
        const stop = startOwn(lab);
        const { figures, probes } = await reportOf(lab, mode);
        const own = await stop();
        const { lost_writes, refused_found } = figures;
        expect(refused_found).toBe(0);
        const alike = probes.find(({ kind }) => kind === "re_resolve");
        const seen = {
          topology,
          engine,
          mode,
          ...own,
          outage_ms: alike?.outage?.ms,
          lost: alike?.lost,
          lost_writes,
        };
        process.stdout.write(`${JSON.stringify(seen)}\n`);
        // Whoever still reaches a primary that is cut off from its peers writes what nobody keeps.
        if (mode !== "partition") expect(seen).toMatchObject({ lost_writes: 0, own_lost: 0 });
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
