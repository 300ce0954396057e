import { boolean, string } from "@oclif/core/flags";
import { findDeployment } from "../../inventory/find-deployment.ts";
import { compileByName, storeBeside } from "../../use-cases/compile.ts";
import { runbookRef } from "../../use-cases/continue-run.ts";
import { type RunDetail, showRun } from "../../use-cases/runs.ts";
import { outputFlag } from "../flags.ts";
import { approvalFlags } from "../running-command.ts";

const answer = (summary: string) =>
  string({ multiple: true, multipleNonGreedy: true, helpValue: "STEP[@TARGET]", summary });

/** Flags of the commands that go on with a run, or back. */
export const continueFlags = {
  output: outputFlag(["table", "json", "yaml", "jsonl"]),
  done: answer("An op in doubt took effect; may be repeated"),
  redo: answer("An op in doubt did not take effect; may be repeated"),
  "accept-changed": boolean({ summary: "Although the runbook's text is not what it was" }),
  ...approvalFlags,
};

/** A past run with what it was made with: the runbook and the deployment of its journal, unless flags say otherwise. */
export async function pastRun(
  wanted: string,
  choice: { file: string | undefined; deployment: string | undefined; cwd: string; env: NodeJS.ProcessEnv },
) {
  const past = await showRun(wanted, choice.env);
  const { deployment, warnings } = await findDeployment({
    ...choice,
    file: choice.file ?? inventoryOf(past),
    deployment: choice.deployment ?? past.record.deployment,
  });
  const { runbook } = await compileByName(runbookRef(past), storeBeside(deployment.file));
  return { past, deployment, warnings, runbook };
}

function inventoryOf({ lines: [first] }: RunDetail): string | undefined {
  return first?.kind === "run_started" ? first.inventory : undefined;
}
