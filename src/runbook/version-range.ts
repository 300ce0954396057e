import { compareVersions } from "./versions.ts";

/** One or more comparisons, all of which must hold: `>=6.2`, `>=7.0 <8.0`. */
export const VERSION_RANGE = /^(?:(?:>=|<=|>|<|=)\d+(?:\.\d+)*(?:\s+|$))+$/;

/** Whether a version lies in a range such as `>=7.0 <8.0`. The range is checked when the runbook is loaded. */
export function inRange(version: string, range: string): boolean {
  return [...range.matchAll(/(>=|<=|>|<|=)(\d+(?:\.\d+)*)/g)].every(([, operator = "=", wanted = ""]) => {
    const order = compareVersions(version, wanted);
    if (order === 0) return operator.includes("=");
    return order > 0 ? operator.startsWith(">") : operator.startsWith("<");
  });
}
