import { join } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import { NO_ANSWERS, type OperatorAnswers } from "../../engine/doubt.ts";
import { HookPoints } from "../../rehearsal/hook-points.ts";
import { resumeRun, rollBackRun } from "../continue-run.ts";
import type { RunSummary } from "../run-runbook.ts";
import { type RunDetail, showRun } from "../runs.ts";
import { effectsFile, openStage, type StageSpec } from "./stage.ts";

/** One process of a sweep. */
export interface Performance {
  readonly stage: StageSpec;
  /** Folder of the experiment. */
  readonly directory: string;
  readonly how: "run" | "resume" | "rollback";
  /** The moment at which it kills itself, counted from 1. */
  readonly killAt?: number;
  readonly answers?: OperatorAnswers;
}

export interface Performed {
  readonly summary: RunSummary;
  /** The moments that it passed. */
  readonly moments: readonly string[];
  readonly past: RunDetail | undefined;
}

/** Runs, resumes or rolls back on the stage, in this process. */
export async function perform({
  stage: spec,
  directory,
  how,
  killAt,
  answers = NO_ANSWERS,
}: Performance): Promise<Performed> {
  const stage = await openStage(spec, directory);
  try {
    const hooks = new HookPoints(effectsFile(directory), killAt);
    const { actions = new Map() } = stage.request;
    const request = { ...stage.request, actions: hooks.around(actions), sink: hooks.take.bind(hooks) };
    const going = async () => ({ ...request, past: await showRun("last", request.env), answers, acceptChanged: false });
    const summary =
      how === "run"
        ? await stage.start(request)
        : how === "resume"
          ? await resumeRun(await going())
          : await rollBackRun(await going());
    const past = summary.journal === null ? undefined : await showRun("last", request.env);
    return { summary, moments: hooks.passed, past };
  } finally {
    await stage.close();
  }
}

/** The run of an experiment as its journal tells it; undefined where it was killed before it had one. */
export async function pastOf(directory: string): Promise<RunDetail | undefined> {
  try {
    return await showRun("last", { REDISHA_STATE_DIR: join(directory, "state") });
  } catch (error) {
    if (error instanceof RedishaError && error.code === "RUN_NOT_FOUND") return undefined;
    throw error;
  }
}
