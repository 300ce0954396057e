import type { Runbook, Step } from "../runbook/model.ts";

/** Longest wait of a rehearsal for something that does not come, in milliseconds. */
const LONGEST_MS = 2_500;

/** Environment variable under which a rehearsal hands a secret to its runbook. */
export const secretVariable = (name: string) => `REHEARSAL_SECRET_${name}`;

/**
 * The runbook as it is rehearsed: nothing of it is waited for longer than a moment, nothing is locked, and its secrets come from the test,
 * not from where they are kept.
 */
export function hurried(runbook: Runbook): Runbook {
  const secrets = Object.entries(runbook.secrets).map(([name, spec]) => [
    name,
    { ...spec, from: "env" as const, value: secretVariable(name) },
  ]);
  return {
    ...runbook,
    secrets: Object.fromEntries(secrets),
    // Nobody else can be at a simulated deployment.
    concurrency: { ...runbook.concurrency, lock: "none" },
    steps: runbook.steps.map(hurriedStep),
    finally: runbook.finally.map(hurriedStep),
  };
}

function hurriedStep(step: Step): Step {
  const { pauseBetween: _, ...rollout } = step.rollout;
  return {
    ...step,
    rollout: { ...rollout, pauseBetweenMs: 0 },
    retry: { ...step.retry, delayMs: 0, maxDelayMs: 0 },
    // A step that holds others takes as long as they do.
    timeoutMs: Math.min(step.timeoutMs, LONGEST_MS),
    ...(step.verify ? { verify: { ...step.verify, withinMs: Math.min(step.verify.withinMs, LONGEST_MS) } } : {}),
    ...(step.block
      ? {
          block: {
            ...step.block,
            steps: step.block.steps.map(hurriedStep),
            rescue: step.block.rescue.map(hurriedStep),
            always: step.block.always.map(hurriedStep),
          },
        }
      : {}),
    ...(step.runbook ? { runbook: { ...step.runbook, compiled: hurried(step.runbook.compiled) } } : {}),
  };
}
