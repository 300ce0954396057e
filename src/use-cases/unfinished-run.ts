import { readFile } from "node:fs/promises";
import { stateDir } from "../core/state-dir.ts";
import { asRecord } from "../engine/frame.ts";
import { journalPath } from "../engine/journal.ts";
import type { Effect } from "../runbook/effect.ts";
import { type RunRecord, runIds, showRun } from "./runs.ts";

/** Reading journals takes time that every look at a deployment would pay; whoever left one open does not start many more. */
const MOST_READ = 30;

/** A run that was left in the middle. */
export interface UnfinishedRun extends Pick<RunRecord, "run" | "runbook" | "last_at"> {
  readonly state: "interrupted" | "paused";
  /** Changes that stand. */
  readonly changes: number;
}

/**
 * The newest run of this deployment, as far as this machine knows, that was cut off or paused while something that disrupts
 * clients or destroys data was changed and not taken back. One whose runbook came to its end in a later run is over.
 */
export async function unfinishedRun(deployment: string, env: NodeJS.ProcessEnv): Promise<UnfinishedRun | undefined> {
  const ended = new Set<unknown>();
  for (const run of (await runIds(env)).slice(0, MOST_READ)) {
    const edges = await edgesOf(run, env).catch(() => undefined);
    if (edges?.deployment !== deployment || ended.has(edges.runbook)) continue;
    if (edges.status === "done") ended.add(edges.runbook);
    const left = edges.status === undefined ? await leftOpen(run, env) : undefined;
    if (left) return left;
  }
  return undefined;
}

interface Edges {
  readonly deployment: unknown;
  readonly runbook: unknown;
  /** How the run ended; undefined where it did not. */
  readonly status: unknown;
}

/** What the first and the last line of a journal say: those between are not looked at, and may be many. */
async function edgesOf(run: string, env: NodeJS.ProcessEnv): Promise<Edges> {
  const lines = (await readFile(journalPath(stateDir(env), run), "utf8")).trimEnd().split("\n");
  const first = fieldsOf(lines[0]);
  const last = fieldsOf(lines.at(-1));
  const status = last.kind === "run_finished" ? last.status : undefined;
  return { deployment: first.deployment, runbook: first.runbook, status };
}

/** A crash may have cut the line short: then it says nothing. */
function fieldsOf(line = ""): Readonly<Record<string, unknown>> {
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return {};
  }
}

const GRAVE: readonly string[] = ["disruptive", "destructive"] satisfies Effect[];

async function leftOpen(run: string, env: NodeJS.ProcessEnv): Promise<UnfinishedRun | undefined> {
  const detail = await showRun(run, env).catch(() => undefined);
  if (!detail) return undefined;
  const { record, to_undo } = detail;
  const { runbook, state, last_at } = record;
  if (state !== "interrupted" && state !== "paused") return undefined;
  if (!to_undo.some(({ effect }) => GRAVE.includes(effect))) return undefined;
  return { run, runbook, state, last_at, changes: to_undo.length };
}
