import { z } from "zod";
import { listRuns, type RunDetail, showRun } from "./runs.ts";

/** The last upgrade of a deployment, as its journal tells of it. */
export interface PastUpgrade {
  readonly detail: RunDetail;
  /** `Redis 7.0.15`, each release that ran before it. */
  readonly from: readonly string[];
  /** `8.0.2`, each release that it leads to: going back is an upgrade, too. */
  readonly to: readonly string[];
  /** Nothing of it is past taking back. */
  readonly open: boolean;
  /** It came neither to its end nor back, and nobody is at it. */
  readonly unfinished: boolean;
  /** Id of the backup that it made; null where it made none. */
  readonly backup: string | null;
}

const decided = z.object({ from: z.array(z.string()), version: z.string() });
const keptBack = z.object({ values: z.object({ "replica-priority": z.string() }) });
const committed = z.object({ id: z.string() });

/** Their runbooks; the second calls the first, once for each release. */
const UPGRADES: ReadonlySet<string> = new Set(["upgrade", "upgrade-hops"]);

/** The newest upgrade of a deployment that changed anything; undefined where there is none in the state directory. */
export async function pastUpgrade(deployment: string, env: NodeJS.ProcessEnv): Promise<PastUpgrade | undefined> {
  const { runs } = await listRuns(env, { deployment });
  for (const { run, runbook, state } of runs) {
    if (!UPGRADES.has(runbook) || state === "unreliable") continue;
    const detail = await showRun(run, env);
    if (detail.ops.some(({ effect }) => effect !== "read")) return readUpgrade(detail);
  }
  return undefined;
}

function readUpgrade(detail: RunDetail): PastUpgrade {
  const { lines, record } = detail;
  // Over two releases there are two of some: the first one tells what was before everything.
  const outputsOf = (step: string): unknown[] =>
    lines.flatMap((line) =>
      line.kind === "outcome" && (line.step === step || line.step.endsWith(`.${step}`)) ? [line.outputs] : [],
    );
  const decisions = outputsOf("decide").flatMap((outputs) => decided.safeParse(outputs).data ?? []);
  const unfinished = !["done", "rolled_back", "running"].includes(record.state);
  const passed = lines.some(({ kind }) => kind === "point_of_no_return");
  return {
    detail,
    from: decisions.flatMap(({ from }) => from),
    to: decisions.map(({ version }) => version),
    open: !passed && unfinished,
    unfinished,
    backup: committed.safeParse(outputsOf("backup.commit")[0]).data?.id ?? null,
  };
}

/**
 * `replica-priority` of the standby for the way back, from before an upgrade made it one; undefined where no journal in the
 * state directory tells.
 */
export async function standbyPriority(deployment: string, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { runs } = await listRuns(env, { deployment });
  for (const { run, runbook, state } of runs) {
    if (!UPGRADES.has(runbook) || state === "unreliable") continue;
    const { ops } = await showRun(run, env);
    const before = ops.find(({ step }) => step === "keep_back")?.before;
    const values = keptBack.safeParse(before).data?.values;
    // "0": a standby already, which another upgrade kept.
    if (values !== undefined && values["replica-priority"] !== "0") return values["replica-priority"];
  }
  return undefined;
}
