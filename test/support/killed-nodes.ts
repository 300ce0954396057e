import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { packagePath } from "../../src/core/package-root.ts";
import { type contentsOf, startLoad } from "./cluster-load.ts";
import type { TestLab } from "./lab.ts";
import { redisha } from "./redisha.ts";
import { complaints, differences } from "./reshards.ts";
import { goOn, signal } from "./signalled.ts";

/** An op of a run, as its events tell of it: how long it took when nobody disturbed it, and whether it changed something. */
export interface NodeOp {
  readonly step: string;
  readonly target: string;
  readonly durationMs: number;
  readonly changes: boolean;
}

/** When a run is killed: so long after an op has begun, as a part of how long that took when nobody disturbed it. */
export interface Kill {
  readonly step: string;
  readonly target: string;
  readonly afterMs: number;
}

/** What a cluster must be like. */
export interface Wanted {
  /** As `stateOf` gives it. */
  readonly state: readonly string[];
  /** As `contentsOf` gives it. */
  readonly contents: Awaited<ReturnType<typeof contentsOf>>;
}

/** What became of a run that was killed: whether it was, and a sentence for each thing that is not as it should be. */
export interface Outcome {
  readonly killed: boolean;
  readonly wrong: readonly string[];
  readonly commands: number;
}

/** Every op of the run that the command makes when it is left alone, in the order in which they begin. */
export async function opsOf(lab: TestLab, argv: readonly string[]): Promise<NodeOp[]> {
  const { code, stdout, stderr } = await redisha([...argv, "--yes", "-o", "jsonl", "--file", lab.file], {
    env: runsOf(lab),
  });
  if (code !== 0) throw new Error(`${argv.join(" ")} ended with ${code}: ${stderr}`);
  const events = stdout.split("\n").flatMap((line) => (line === "" ? [] : [JSON.parse(line)]));
  const effects = new Map(
    events.filter(({ type }) => type === "step_started").map(({ step, effect }) => [step, effect]),
  );
  const nameOf = ({ step, target }: { step: string; target: string }) => `${step}@${target}`;
  // Where a step is left out, its op is told of only by its end.
  const begun = new Set(events.filter(({ type }) => type === "op_started").map(nameOf));
  return events
    .filter((event) => event.type === "op_finished" && begun.has(nameOf(event)))
    .map(({ step, target, duration_ms }) => ({
      ...{ step, target },
      durationMs: duration_ms,
      changes: effects.get(step) !== "read",
    }));
}

/**
 * Kills a command under clients, and goes on with it or back. The cluster must then be as it is behind a run that was left
 * alone, or as it was before: what `wanted` says of each node, every key, every acknowledged write, and nobody has anything
 * against it, neither redisha nor redis-cli.
 */
export async function killed(
  lab: TestLab,
  argv: readonly string[],
  { step, target, afterMs }: Kill,
  how: "resume" | "rollback",
  { state, contents }: Wanted,
): Promise<Outcome> {
  const load = await startLoad(lab, 2);
  while (load.counts.commands < 200 && load.wrong.length === 0) await delay(20);
  const child = start(lab, argv);
  const wasKilled = await killAt(child, step, target, afterMs);
  const wrong: string[] = [];
  if (wasKilled || how === "rollback") {
    const { code, stderr } = await goOn(lab, how);
    if (code !== 0) wrong.push(`${how} ended with ${code}: ${stderr.slice(-2_000)}`);
  }
  await load.stop();
  wrong.push(...load.wrong.slice(0, 5), ...(await lasting(lab, state)), ...(await differences(lab, contents)));
  return { killed: wasKilled, wrong, commands: load.counts.commands };
}

/** Role of every data node, with how many slots it owns or whom it follows, and how it stands to moving to other primaries. */
export async function placesOf(lab: TestLab): Promise<string[]> {
  const nodes = lab.status.processes.filter(({ service }) => service === "redis");
  const names = new Map(nodes.map(({ id, address, port }) => [`${address}:${port}`, id]));
  return Promise.all(
    nodes.map(async ({ id }) => {
      const lines = (await lab.cli(id, "CLUSTER", "NODES").catch(() => "")).split("\n").map((line) => line.split(" "));
      const own = lines.find(([, , flags]) => flags?.includes("myself"));
      if (!own) return `${id} is down`;
      const primary = lines.find(([nodeId]) => nodeId === own[3])?.[1] ?? "";
      const slots = own.slice(8).map((range) => (range.startsWith("[") ? range : String(sizeOf(range))));
      const owned = slots.filter((each) => !each.startsWith("[")).reduce((sum, each) => sum + Number(each), 0);
      const open = slots.filter((each) => each.startsWith("["));
      const migration = (await lab.cli(id, "CONFIG", "GET", "cluster-allow-replica-migration")).split("\n")[1] ?? "-";
      const place = own[3] === "-" ? `owns ${owned}` : `follows ${names.get(primary.split("@")[0] ?? "")}`;
      return `${id} ${place}, knows ${lines.length - 1}, may move: ${migration}${open.join(" ")}`;
    }),
  );
}

function sizeOf(range: string): number {
  const [from = 0, to = from] = range.split("-").map(Number);
  return to - from + 1;
}

/** What is wrong and does not pass: gossip needs seconds, and a replica that was given another primary has to copy it. */
async function lasting(lab: TestLab, wanted: readonly string[]): Promise<string[]> {
  for (let tries = 0; ; tries += 1) {
    const is = await stateOf(lab);
    const wrong = [
      ...(await complaints(lab)).map((line) => `redis-cli: ${line}`),
      ...is.filter((line) => !wanted.includes(line)),
      ...wanted.filter((line) => !is.includes(line)).map((line) => `it is not so any more: ${line}`),
    ];
    if (wrong.length === 0 || tries > 15) return wrong;
    await delay(500);
  }
}

/** The nodes of a cluster, each with its place, and what `redisha cluster check` has to say of them. */
export async function stateOf(lab: TestLab): Promise<string[]> {
  const argv = ["cluster", "check", "--no-bus", "--json", "--file", lab.file];
  const { stdout } = await redisha(argv, { env: runsOf(lab) });
  const { findings } = JSON.parse(stdout).result?.verdict ?? { findings: [{ id: stdout, subject: "" }] };
  const told = findings.map(({ id, subject }: Record<string, string>) => `redisha cluster check: ${id} ${subject}`);
  return [...(await placesOf(lab)), ...told];
}

function start(lab: TestLab, argv: readonly string[]): ChildProcess {
  const program = packagePath("bin", "run.js");
  return spawn(process.execPath, [program, ...argv, "--yes", "-o", "jsonl", "--file", lab.file], {
    env: { ...process.env, ...runsOf(lab) },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** False where it ended before that, by itself. */
async function killAt(child: ChildProcess, step: string, target: string, afterMs: number): Promise<boolean> {
  const begun = `"type":"op_started","step":"${step}","target":"${target}"`;
  let heard = "";
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const came = new Promise<void>((resolve) => {
    child.stdout?.on("data", (chunk: Buffer) => {
      heard += chunk.toString();
      if (heard.includes(begun)) resolve();
    });
  });
  await Promise.race([came, ended]);
  await Promise.race([delay(afterMs), ended]);
  if (child.exitCode === null) await signal(child, "SIGKILL");
  return child.signalCode === "SIGKILL";
}

function runsOf({ root }: TestLab): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(root, "state") };
}
