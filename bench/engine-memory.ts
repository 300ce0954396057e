import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Bench } from "./bench.ts";
import { redisha } from "./subject.ts";
import { withLabs } from "./with-labs.ts";

const INSTANCES = 40;
const STEPS = 250;
const OPS = INSTANCES * STEPS;
const EARLY = OPS / 10;

/** Memory may grow by this much between the first tenth of the ops and the last one. */
const AT_MOST = 1.5;

/** Whether a long run needs more and more memory: 250 steps, each on 40 instances, every op in the journal. */
export const engineMemory: Bench = {
  name: "engine-memory",
  summary: `memory of a run of ${OPS} ops, early and late`,
  measure: () =>
    withLabs([{ topology: "replication", replicas: INSTANCES - 1, ssh: false }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const path = join(lab.folder, "long.yaml");
      await writeFile(path, JSON.stringify(runbook()));
      const run = redisha("long run", "run", path, "--file", lab.file, "--yes", "-o", "jsonl");
      const seen = await memoryOf(run.argv, { ...run.env, REDISHA_STATE_DIR: join(lab.folder, "state") });
      const ratio = seen.late / seen.early;
      return {
        timings: [],
        claims: [
          {
            promise: `a run of ${OPS} ops needs no more than ${AT_MOST} times the memory it had after ${EARLY}`,
            figure: `${ratio.toFixed(2)}x (${seen.early} to ${seen.late} MiB)`,
            quickest: "",
            met: ratio <= AT_MOST,
          },
        ],
      };
    }),
};

function runbook() {
  return {
    apiVersion: "redisha/v1",
    kind: "Runbook",
    metadata: { name: "long", version: "1.0.0", description: "Many small ops" },
    steps: Array.from({ length: STEPS }, (_, index) => ({
      id: `step_${index + 1}`,
      action: "redis.command",
      targets: { role: "data" },
      rollout: { serial: "all" },
      with: { command: ["CLIENT", "SETNAME", `step-${index + 1}`] },
      undo: "none",
    })),
  };
}

/** Resident memory in MiB after the first tenth of the ops and after all of them. */
async function memoryOf(
  argv: readonly string[],
  env: Record<string, string>,
): Promise<{ early: number; late: number }> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  const samples: number[] = [];
  let ops = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"op_finished"')) continue;
    ops += 1;
    if (ops % EARLY === 0) samples.push(await residentMemory(child.pid ?? 0));
  }
  const code = await ended;
  const [early] = samples;
  const late = samples.at(-1);
  if (code !== 0 || ops !== OPS || !early || !late) throw new Error(`the run ended with ${code} after ${ops} ops`);
  process.stderr.write(`  MiB at every ${EARLY} ops: ${samples.join(" ")}\n`);
  return { early, late };
}

async function residentMemory(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024);
}
