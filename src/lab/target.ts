import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { checkLabName, labsRoot } from "./paths.ts";
import { type LabProcess, type LabSpec, readSpec } from "./spec.ts";

/** The lab of that name. Fails with LAB_NOT_FOUND. */
export async function needLab(options: { name?: string; root?: string }): Promise<LabSpec> {
  const name = checkLabName(options.name ?? "lab");
  const root = await realpath(labsRoot(options.root)).catch(() => labsRoot(options.root));
  const spec = await readSpec(join(root, name));
  if (spec) return spec;
  throw new RedishaError({
    code: "LAB_NOT_FOUND",
    message: `there is no lab "${name}" in ${root}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha lab ps", `redisha lab up --name ${name}`],
  });
}

/**
 * The processes that an operator names: `r1:6379` for one, `r1` for all of a host. Fails with LAB_TARGET_UNKNOWN.
 */
export function processesNamed(spec: LabSpec, targets: readonly string[]): LabProcess[] {
  const chosen = targets.flatMap((target) => {
    const matching = spec.processes.filter((process) => process.id === target || process.host === target);
    if (matching.length > 0) return matching;
    const known = spec.processes.flatMap((process) => [process.host, process.id]);
    const near = nearest(target, known);
    throw new RedishaError({
      code: "LAB_TARGET_UNKNOWN",
      message: `the lab "${spec.name}" has no ${target}${near ? `; did you mean ${near}?` : ""}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [`redisha lab ps --name ${spec.name}`],
    });
  });
  return [...new Set(chosen)];
}
