/**
 * Drills in tests: a runbook carried out on a lab in this process, with faults caused by the test where the runbook has a
 * `drill.mark` step.
 *
 *     const ran = await drillOn(lab, { probes: "{ sticky: 1 }", fault: () => lab.kill("r1:6379"), … });
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { actionCatalog } from "../../src/actions/catalog.ts";
import type { Action } from "../../src/actions/contract.ts";
import type { Drill } from "../../src/drill/drill.ts";
import { drillIn } from "../../src/drill/drill-slot.ts";
import type { Attempt, ProbeRecord, Recording } from "../../src/drill/recording.ts";
import type { RunEvent } from "../../src/engine/events.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { type RunRequest, type RunSummary, runRunbook } from "../../src/use-cases/run-runbook.ts";
import { openSession } from "../../src/use-cases/session.ts";
import type { TestLab } from "./lab.ts";

export interface RanDrill {
  readonly summary: RunSummary;
  readonly events: readonly RunEvent[];
  /** As it was when `drill.clean` was about to run; undefined where it came to no drill. */
  readonly recording: Recording | undefined;
  /** Outputs of each step, from the journal. */
  readonly outputs: Readonly<Record<string, Record<string, unknown>>>;
}

/** How servers say in their logs that they have become a primary: by Sentinel, and by the votes of a Cluster. */
const PROMOTED = /MASTER MODE enabled|I'm the new (master|primary)/;

/** How far the clocks of this process, of others and of a log may be apart. */
export const CLOCKS_MS = 20;

interface DrillRunOptions extends Partial<Pick<RunRequest, "pause" | "signal">> {
  /** What `drill.mark` steps do besides, by the mark's name, before they mark. */
  readonly at?: Readonly<Record<string, (drill: Drill) => Promise<unknown>>>;
  /** Called before `drill.clean` removes the keys. */
  readonly beforeClean?: (drill: Drill) => Promise<unknown>;
  readonly onEvent?: (event: RunEvent) => void;
  readonly file?: string;
}

/** Runs the steps of a runbook on a lab. */
export async function runOn(
  lab: Pick<TestLab, "file">,
  body: string,
  options: DrillRunOptions = {},
): Promise<RanDrill> {
  const directory = await mkdtemp(join(tmpdir(), "redisha-drill-"));
  const { at = {}, beforeClean, onEvent, file = lab.file, ...given } = options;
  const never = new AbortController().signal;
  const { deployments } = await loadInventory(file);
  const [deployment] = deployments;
  if (!deployment) throw new Error("the inventory holds no deployment");
  const path = join(directory, "drill.yaml");
  await writeFile(path, runbookText(body));
  const { runbook } = await compileByName(path, storeBeside(file));
  const session = openSession(deployment, never);
  const events: RunEvent[] = [];
  const outputs: Record<string, Record<string, unknown>> = {};
  let recording: Recording | undefined;
  const actions = new Map([...actionCatalog()].map(([name, action]) => [name, wrapped(action)]));
  const sink = (event: RunEvent) => {
    events.push(event);
    onEvent?.(event);
  };
  try {
    const env = { ...process.env, REDISHA_STATE_DIR: directory };
    const request = { runbook, session, inputs: {}, sink, pause: never, signal: never, env, actions, ...given };
    return { summary: await runRunbook(request), events, recording, outputs };
  } finally {
    await session.close();
    await rm(directory, { recursive: true, force: true });
  }

  function wrapped(action: Action): Action {
    return {
      ...action,
      run: async (input, context) => {
        const drill = drillIn(context.life);
        if (action.name === "drill.mark" && drill) await at[nameIn(input)]?.(drill);
        if (action.name === "drill.clean" && drill) {
          recording = await drill.recording();
          await beforeClean?.(drill);
        }
        const outcome = await action.run(input, context);
        outputs[context.step] = Object(outcome.outputs);
        return outcome;
      },
    };
  }
}

export function runbookText(body: string): string {
  return `apiVersion: redisha/v1
kind: Runbook
metadata: { name: drill, version: "1.0.0", description: For a test }
requires: { topology: [replication, sentinel, cluster] }
${body}`;
}

/** The probe of a kind, of which there is one. */
export function probeOf(recording: Recording | undefined, kind: ProbeRecord["kind"]): ProbeRecord {
  const found = recording?.probes.find((probe) => probe.kind === kind);
  if (!found) throw new Error(`no probe of kind ${kind}`);
  return found;
}

export function ackedBy(probe: ProbeRecord): Attempt[] {
  return probe.attempts.filter(({ outcome }) => outcome === "acked");
}

/** Longest time between two acknowledgements. */
export function longestGap(probe: ProbeRecord): number {
  const ended = ackedBy(probe).map((attempt) => attempt.ended);
  return Math.max(...ended.slice(1).map((at, index) => at - (ended[index] ?? at)));
}

/** A time without acknowledged writes, by the clock of the machine: when the last was sent, and the next acknowledged. */
export interface Silence {
  readonly sent_at: number;
  readonly acked_at: number;
}

/** The longest one of a probe. */
export function longestSilence({ started_at }: Recording, probe: ProbeRecord): Silence {
  const acked = ackedBy(probe);
  const pairs = acked.slice(1).map((after, index) => ({ before: acked[index] ?? after, after }));
  const [longest] = pairs.sort((a, b) => b.after.ended - b.before.ended - (a.after.ended - a.before.ended));
  if (!longest) throw new Error(`${probe.name} had nothing acknowledged`);
  const origin = Date.parse(started_at);
  return { sent_at: origin + longest.before.sent, acked_at: origin + longest.after.ended };
}

/** When a server became a primary for the last time, by its own log. */
export async function promotedAt(lab: TestLab, id: string): Promise<number> {
  const log = lab.status.processes.find((each) => each.id === id)?.log ?? "";
  const lines = (await readFile(log, "utf8")).split("\n").filter((line) => PROMOTED.test(line));
  const said = /^\S+ (\d+ \w+ \d+ [\d:.]+) /.exec(lines.at(-1) ?? "")?.[1];
  if (said === undefined) throw new Error(`${id} never became a primary`);
  return Date.parse(said);
}

/** What an independent client saw. */
export interface IndependentLog {
  readonly acked: readonly number[];
  readonly longest: Silence & { readonly gap_ms: number; readonly before: number };
  /** How late its own process was at worst. */
  readonly late_ms: number;
}

/** What an independent client needs to know of a deployment: that of a lab, or of hosts. */
export interface Servers {
  readonly status: {
    readonly topology?: string;
    readonly processes: readonly { readonly service: string; readonly address: string; readonly port: number }[];
  };
}

/** Starts a client that shares no code with redisha; `stop` gives its log. */
export function independentClient(
  { status }: Servers,
  key: string,
  { follow = false, password }: { follow?: boolean; password?: string } = {},
): { stop: () => Promise<IndependentLog> } {
  const endpoints = (wanted: string) =>
    status.processes.filter(({ service }) => service === wanted).map(({ address, port }) => [address, port]);
  const cluster = status.topology === "cluster";
  const job = cluster
    ? { nodes: endpoints("redis"), key }
    : { sentinels: endpoints("sentinel"), master: "mymaster", key, follow };
  const script = fileURLToPath(new URL("independent-client.ts", import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(job)], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...(password === undefined ? {} : { INDEPENDENT_PASSWORD: password }) },
  });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  return {
    stop: async () => {
      child.stdin.end();
      await once(child, "close");
      return JSON.parse(text);
    },
  };
}

function nameIn(input: unknown): string {
  return typeof input === "object" && input !== null && "name" in input ? String(input.name) : "";
}
