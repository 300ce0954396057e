import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import { stateDir } from "../core/state-dir.ts";
import { History, type PastOp } from "../engine/history.ts";
import { journalPath } from "../engine/journal.ts";
import type { JournalLine } from "../engine/journal-entry.ts";
import { readJournal } from "../engine/journal-read.ts";

/**
 * What became of a run, as its journal tells it. `interrupted`: it has no end, and its process is gone. `unreliable`: the
 * journal's chain is broken, so that what it tells cannot be built on.
 */
export type RunState =
  | "running"
  | "interrupted"
  | "paused"
  | "done"
  | "failed"
  | "cancelled"
  | "rolled_back"
  | "unreliable";

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

/** A run in full. */
export interface RunDetail {
  readonly record: RunRecord;
  readonly lines: readonly JournalLine[];
  readonly ops: readonly PastOp[];
  /** Ops that rolling back would take back or ask about, the last one first. */
  readonly to_undo: readonly PastOp[];
}

export interface VerifyResult {
  readonly run: string;
  readonly ok: boolean;
  readonly lines: number;
  /** What is wrong, with the line; null where the chain holds. */
  readonly fault: string | null;
  readonly exit: ExitCode;
}

/** All runs that left a journal, the newest first. A journal that cannot be read is listed as what it is. */
export async function listRuns(env: NodeJS.ProcessEnv): Promise<RunRecord[]> {
  const directory = join(stateDir(env), "runs");
  const names = await readdir(directory).catch(() => []);
  const ids = names.filter((name) => name.endsWith(".jsonl")).map((name) => basename(name, ".jsonl"));
  const runs = await Promise.all(ids.map((id) => readRun(id, env).catch(() => undefined)));
  return runs.flatMap((run) => (run ? [run.record] : [])).sort((a, b) => (a.started_at < b.started_at ? 1 : -1));
}

/** One run, by its id or an unambiguous beginning or end of it; `last` is the newest. Fails with RUN_NOT_FOUND. */
export async function showRun(wanted: string, env: NodeJS.ProcessEnv): Promise<RunDetail> {
  return readRun(await findRun(wanted, env), env);
}

/** Checks the chain of a journal line by line. */
export async function verifyRun(wanted: string, env: NodeJS.ProcessEnv): Promise<VerifyResult> {
  const run = await findRun(wanted, env);
  const path = journalPath(stateDir(env), run);
  const { lines, broken, tornBytes } = readJournal(await readFile(path), path);
  const torn = tornBytes > 0 ? `the last line was cut short (${tornBytes} bytes)` : null;
  const fault = broken ? `line ${broken.line} ${broken.why}` : torn;
  return { run, ok: fault === null, lines: lines.length, fault, exit: broken ? EXIT.verificationFailed : EXIT.done };
}

/** The id meant by `wanted`. */
export async function findRun(wanted: string, env: NodeJS.ProcessEnv): Promise<string> {
  const runs = await listRuns(env);
  const [newest] = runs;
  if (wanted === "last" && newest) return newest.run;
  const found = runs.filter(({ run }) => run === wanted || run.startsWith(wanted) || run.endsWith(wanted));
  const [only] = found;
  if (only && found.length === 1) return only.run;
  throw new RedishaError({
    code: "RUN_NOT_FOUND",
    message:
      found.length > 1
        ? `${wanted} could be ${found.map(({ run }) => run).join(" or ")}.`
        : `There is no run ${wanted}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha runs list"],
  });
}

async function readRun(run: string, env: NodeJS.ProcessEnv): Promise<RunDetail> {
  const path = journalPath(stateDir(env), run);
  const { lines, broken } = readJournal(await readFile(path), path);
  const [first] = lines;
  const last = lines.at(-1);
  if (first?.kind !== "run_started" || !last) throw unreadable(path);
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
    exit: last.kind === "run_finished" ? last.exit : null,
    journal: path,
  };
  return { record, lines, ops: history.all(), to_undo: history.toUndo() };
}

function stateOf(lines: readonly JournalLine[]): RunState {
  const last = lines.at(-1);
  if (last?.kind === "run_finished") return last.status;
  if (last?.kind === "paused") return "paused";
  const owner = lines.findLast((line) => line.kind === "continued" || line.kind === "run_started");
  return owner && "pid" in owner && isAlive(owner.pid) ? "running" : "interrupted";
}

/** A pid of another machine says nothing here; the journal is on this one, and so was its process. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return messageOf(error).includes("EPERM");
  }
}

function unreadable(path: string): RedishaError {
  return new RedishaError({
    code: "JOURNAL_UNREADABLE",
    message: `${path} does not begin as a journal does.`,
    exit: EXIT.verificationFailed,
    next: [`ls -l ${dirname(path)}`],
  });
}
