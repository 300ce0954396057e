import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import { History, type PastOp } from "../engine/history.ts";
import { journalPath } from "../engine/journal.ts";
import type { JournalLine } from "../engine/journal-entry.ts";
import { readJournal } from "../engine/journal-read.ts";
import { isAlive } from "../engine/lock/process-identity.ts";
import type { RunState } from "../engine/run-state.ts";

/** A run at a glance. */
export interface RunRecord {
  readonly run: string;
  readonly runbook: string;
  readonly deployment: string;
  readonly state: RunState;
  readonly started_at: string;
  readonly last_at: string;
  readonly user: string;
  readonly controller: string;
  readonly exit: number | null;
  readonly journal: string;
}

/** An undo that a host holds, as far as the journal knows: only the host can tell whether it has carried it out since. */
export interface HeldUndo {
  readonly step: string;
  readonly target: string;
  readonly host: string;
  readonly lease_ms: number;
  readonly armed_at: string;
}

/** A run in full. */
export interface RunDetail {
  readonly record: RunRecord;
  readonly lines: readonly JournalLine[];
  readonly ops: readonly PastOp[];
  /** Ops that rolling back would take back or ask about, the last one first. */
  readonly to_undo: readonly PastOp[];
  /** In the order in which they were armed. */
  readonly held: readonly HeldUndo[];
  /** SHA-256 of the last line, which stands for all of them. */
  readonly digest: string;
  /** What is wrong with the journal, with the line; null where the chain holds. */
  readonly fault: string | null;
}

export interface VerifyResult {
  readonly run: string;
  readonly ok: boolean;
  readonly lines: number;
  /** SHA-256 of the last line that holds. */
  readonly digest: string;
  /** What is wrong, with the line; null where the chain holds. */
  readonly fault: string | null;
  readonly exit: ExitCode;
}

/** Which runs are wanted; all of them without. */
export interface RunFilter {
  readonly deployment?: string | undefined;
  readonly state?: RunState | undefined;
  /** At most this many. */
  readonly limit?: number | undefined;
}

/**
 * Runs that left a journal, the newest first, and whether there are more than the limit. A journal that cannot be read is
 * listed as unreliable. Journals are read one after another and only until there are enough: they may be long.
 */
export async function listRuns(
  env: NodeJS.ProcessEnv,
  { deployment, state, limit = Number.POSITIVE_INFINITY }: RunFilter = {},
): Promise<{ runs: RunRecord[]; more: boolean }> {
  const runs: RunRecord[] = [];
  for (const id of await runIds(env)) {
    const record = await recordOf(id, env);
    if (deployment !== undefined && record.deployment !== deployment) continue;
    if (state !== undefined && record.state !== state) continue;
    if (runs.length === limit) return { runs, more: true };
    runs.push(record);
  }
  return { runs, more: false };
}

/** One run, by its id or an unambiguous part of it; `last` is the newest. Fails with RUN_NOT_FOUND or JOURNAL_UNREADABLE. */
export async function showRun(wanted: string, env: NodeJS.ProcessEnv): Promise<RunDetail> {
  return readRun(await findRun(wanted, env), env);
}

/** Checks the chain of a journal line by line. */
export async function verifyRun(wanted: string, env: NodeJS.ProcessEnv): Promise<VerifyResult> {
  const run = await findRun(wanted, env);
  const path = journalPath(stateDir(env), run);
  const { lines, broken, tornBytes, lastDigest } = readJournal(await readFile(path), path);
  const torn =
    tornBytes > 0 ? `the last line was cut short (${tornBytes} bytes): a crash; resume and rollback drop it` : null;
  const fault = broken ? `line ${broken.line} ${broken.why}` : torn;
  const exit = broken ? EXIT.verificationFailed : EXIT.done;
  return { run, ok: fault === null, lines: lines.length, digest: lastDigest, fault, exit };
}

/** Checks all journals there are, the newest first. */
export async function verifyAllRuns(env: NodeJS.ProcessEnv): Promise<VerifyResult[]> {
  const results: VerifyResult[] = [];
  for (const run of await runIds(env)) results.push(await verifyRun(run, env));
  return results;
}

/** The id meant by `wanted`. */
export async function findRun(wanted: string, env: NodeJS.ProcessEnv): Promise<string> {
  const ids = await runIds(env);
  const [newest] = ids;
  if (wanted === "last" && newest) return newest;
  if (ids.includes(wanted)) return wanted;
  const found = wanted === "" ? [] : ids.filter((id) => id.includes(wanted));
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new RedishaError({
    code: "RUN_NOT_FOUND",
    message:
      ids.length === 0
        ? `There are no runs in ${runsDirectory(env)}.`
        : found.length > 1
          ? `${wanted} could be ${found.slice(0, 5).join(" or ")}${found.length > 5 ? " or others" : ""}.`
          : `There is no run ${wanted}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha runs list"],
  });
}

/** Ids of all runs with a journal, the newest first. They begin with the second of the start; within one, the files tell. */
export async function runIds(env: NodeJS.ProcessEnv): Promise<string[]> {
  const names = await readdir(runsDirectory(env)).catch(() => []);
  const ids = names.filter((name) => name.endsWith(".jsonl")).map((name) => basename(name, ".jsonl"));
  ids.sort().reverse();
  const born = new Map<string, number>();
  for (const [index, id] of ids.entries()) {
    if (![ids[index - 1], ids[index + 1]].some((other) => other !== undefined && secondOf(other) === secondOf(id)))
      continue;
    const { birthtimeMs } = await stat(journalPath(stateDir(env), id));
    born.set(id, birthtimeMs);
  }
  return ids.sort((a, b) => {
    if (secondOf(a) !== secondOf(b)) return secondOf(a) < secondOf(b) ? 1 : -1;
    return (born.get(b) ?? 0) - (born.get(a) ?? 0);
  });
}

function secondOf(id: string): string {
  return id.slice(0, id.lastIndexOf("-"));
}

function runsDirectory(env: NodeJS.ProcessEnv): string {
  return join(stateDir(env), "runs");
}

async function recordOf(run: string, env: NodeJS.ProcessEnv): Promise<RunRecord> {
  try {
    return (await readRun(run, env)).record;
  } catch {
    const journal = journalPath(stateDir(env), run);
    const written = await stat(journal).then(
      ({ mtime }) => mtime.toISOString(),
      () => "",
    );
    const unknown = { runbook: "?", deployment: "?", user: "?", controller: "?" };
    return { run, ...unknown, state: "unreliable", started_at: written, last_at: written, exit: null, journal };
  }
}

async function readRun(run: string, env: NodeJS.ProcessEnv): Promise<RunDetail> {
  const path = journalPath(stateDir(env), run);
  const { lines, broken, lastDigest } = readJournal(await readFile(path), path);
  const [first] = lines;
  const last = lines.at(-1);
  if (first?.kind !== "run_started" || !last) throw unreadable(run, path);
  const history = new History();
  for (const line of lines) history.take(line);
  const record: RunRecord = {
    run,
    runbook: first.runbook,
    deployment: first.deployment,
    state: broken ? "unreliable" : stateOf(lines),
    started_at: first.started_at,
    last_at: last.at,
    user: first.user,
    controller: first.controller,
    exit: last.kind === "run_finished" ? last.exit : last.kind === "paused" ? last.reason.exit : null,
    journal: path,
  };
  const fault = broken ? `line ${broken.line} ${broken.why}` : null;
  const held = heldOf(history, lines);
  return { record, lines, ops: history.all(), to_undo: history.toUndo(), held, digest: lastDigest, fault };
}

function heldOf(history: History, lines: readonly JournalLine[]): HeldUndo[] {
  return history.armed().map(({ step, target, host, id, leaseMs }) => {
    // Where a later attempt could not arm its own, the line of the earlier one is there twice.
    const armed = lines.find((line) => line.kind === "armed" && line.id === id);
    return { step, target, host, lease_ms: leaseMs, armed_at: armed?.at ?? "" };
  });
}

function stateOf(lines: readonly JournalLine[]): RunState {
  const last = lines.at(-1);
  if (last?.kind === "run_finished") return last.status;
  if (last?.kind === "paused") return "paused";
  return writerLives(lines) ? "running" : "interrupted";
}

/** Whether the process that wrote the journal's last lines still runs; one on another machine counts as alive. */
export function writerLives(lines: readonly JournalLine[]): boolean {
  const owner = lines.findLast((line) => line.kind === "continued" || line.kind === "run_started");
  if (!owner || !("pid" in owner)) return false;
  const { controller, boot, pid, process_started } = owner;
  return isAlive({ controller, boot, pid, start: process_started });
}

function unreadable(run: string, path: string): RedishaError {
  return new RedishaError({
    code: "JOURNAL_UNREADABLE",
    message: `${path} does not begin as a journal does.`,
    exit: EXIT.verificationFailed,
    state: "nothing was touched",
    next: [`redisha runs verify ${run}`, "look at the servers themselves: redisha status --wide"],
  });
}
