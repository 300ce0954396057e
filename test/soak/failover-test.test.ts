import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../src/lab/shape.ts";
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

interface Envelope {
  readonly result?: { readonly error: unknown; readonly report: { readonly figures: Record<string, number> } };
  readonly error?: unknown;
}

async function figuresOf(lab: TestLab, mode: string, ...flags: string[]): Promise<Record<string, number>> {
  const argv = ["failover-test", "--file", lab.file, "--yes", "--mode", mode, "--watch", "1s", ...flags, "--json"];
  const { result, error }: Envelope = JSON.parse((await redisha(argv)).stdout);
  expect(result ? result.error : error).toBeNull();
  return result?.report.figures ?? {};
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
        await using lab = await bringUpLab({ topology, engine });
        const writers = startWriters(lab, 1, { answerMs: ANSWER_MS });
        const { refused_found, lost_writes, write_outage_ms } = await figuresOf(lab, mode);
        const { gapMs } = await writers.stop();
        expect(refused_found).toBe(0);
        const lost = await lostOf(lab, await primaryOf(lab), writers);
        const seen = {
          topology,
          engine,
          mode,
          write_outage_ms,
          own_outage_ms: gapMs,
          lost_writes,
          own_lost: lost.length,
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
