import type { Deployment } from "../inventory/model.ts";
import type { Runbook, Step } from "../runbook/model.ts";
import type { OpTarget } from "./evaluator.ts";

/** A step found by its path in the journal. */
export interface LocatedStep {
  readonly step: Step;
  /** The runbook that it stands in: the outermost, or one that it calls. */
  readonly runbook: Runbook;
  /** Paths of the frames around it, outermost first: `""`, `replicas[r2:6379].`. */
  readonly frames: readonly string[];
  /** Path of the call that its runbook runs under; empty for the outermost. */
  readonly runbookPath: string;
  /** It stands in `finally` or `always`: it tidies up, and is not taken back. */
  readonly cleanup: boolean;
}

/** Finds the step behind a path such as `replicas[r2:6379].upgrade.restart`; undefined where the runbook has none. */
export function locateStep(root: Runbook, path: string): LocatedStep | undefined {
  let runbook = root;
  let runbookPath = "";
  let level: { readonly work: readonly Step[]; readonly cleanup: readonly Step[] } = {
    work: root.steps,
    cleanup: root.finally,
  };
  let cleanup = false;
  let prefix = "";
  const frames = [""];
  const parts = [...path.matchAll(/([a-z][a-z0-9_]*)(?:\[([^\]]*)\])?(?:\.|$)/g)];
  for (const [index, [text = "", id = "", target]] of parts.entries()) {
    const found = level.work.find((step) => step.id === id);
    const step = found ?? level.cleanup.find((other) => other.id === id);
    if (!step) return undefined;
    cleanup ||= !found;
    if (index === parts.length - 1) return { step, runbook, frames, runbookPath, cleanup };
    prefix += text;
    if (step.runbook) {
      runbook = step.runbook.compiled;
      runbookPath = prefix;
      level = { work: runbook.steps, cleanup: runbook.finally };
      frames.push(prefix);
    } else {
      const { steps = [], rescue = [], always = [] } = step.block ?? {};
      level = { work: [...steps, ...rescue], cleanup: always };
      if (target !== undefined) frames.push(prefix);
    }
  }
  return undefined;
}

/** What an op in the journal worked on; undefined where redisha.yaml does not list it any more. */
export function targetOf(deployment: Deployment, id: string): OpTarget | undefined {
  if (id === "controller") return { id };
  const instance = deployment.instances.find((each) => each.id === id);
  if (instance) return { id, target: { id, instance, live: undefined } };
  const onHost = deployment.instances.find((each) => each.host.name === id);
  return onHost && { id, host: onHost.host, target: { id: onHost.id, instance: onHost, live: undefined } };
}
