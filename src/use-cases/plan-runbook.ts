import { NO_ANSWERS } from "../engine/doubt.ts";
import type { Plan } from "../engine/plan.ts";
import { Planner } from "../engine/planner.ts";
import { assemble, prepare, type RunRequest, type RunSummary, runPrepared } from "./run-runbook.ts";
import { type PlanGround, readSealedPlan, refuseStale, type SealedPlan, sealPlan } from "./sealed-plan.ts";

/** What a run would do: reads are run, nothing else is. With `sealTo` the plan is written to a file that can be run. */
export async function planRunbook(request: RunRequest, options: { sealTo?: string | undefined } = {}): Promise<Plan> {
  const { runbook, session, signal } = request;
  const { run, values } = await prepare(request);
  const { services } = assemble(request, { run, values, journal: undefined, lock: undefined, answers: NO_ANSWERS });
  const plan: Plan = {
    schema: 1,
    run,
    started_at: String(values.run.started_at),
    runbook: {
      name: runbook.name,
      version: runbook.version,
      digest: runbook.source.digest,
      origin: runbook.source.origin,
    },
    deployment: session.deployment.name,
    created_at: new Date().toISOString(),
    ...(await new Planner(services).plan(runbook, values)),
  };
  if (options.sealTo !== undefined) {
    await sealPlan(plan, { runbook, ...values, topology: await session.live.topology(signal) }, options.sealTo);
  }
  return plan;
}

/** A sealed plan, by its file: its `ref` names the runbook to compile, its `plan.deployment` the deployment. */
export function openSealedPlan(file: string): Promise<SealedPlan> {
  return readSealedPlan(file);
}

/** Runs a sealed plan under the id that it was planned with. Fails with PLAN_STALE where what it rests on has moved. */
export async function runSealedPlan(request: Omit<RunRequest, "inputs">, sealed: SealedPlan): Promise<RunSummary> {
  const { session, signal, runbook } = request;
  const { run, started_at: startedAt } = sealed.plan;
  const whole = { ...request, inputs: {} };
  const { values } = await prepare(whole, { run, startedAt, inputs: sealed.inputs });
  const ground: PlanGround = { runbook, ...values, topology: await session.live.topology(signal, { fresh: true }) };
  refuseStale(sealed, ground);
  return runPrepared(whole, run, values);
}
