/**
 * `redisha doctor --json`, held to its schemas, and the runbooks that it names, typed as it prints them:
 *
 *     const seen = await doctor(lab.file);
 *     await mend(lab.file, seen.of("wrong-masterauth"));
 */
import { expect } from "vitest";
import { type Diagnosed, type DoctorReport, doctorReportSchema } from "../../src/doctor/report.ts";
import { type Ended, inShell, redisha } from "./redisha.ts";
import { refusedBy } from "./status.ts";

export interface Diagnoses {
  readonly exit: number | null;
  readonly report: DoctorReport;
  /** Ids of causes, worst and surest first. */
  readonly causes: readonly string[];
  /** The one diagnosis of a cause. */
  of(cause: string): Diagnosed;
}

export async function doctor(file: string, ...args: readonly string[]): Promise<Diagnoses> {
  const { code, stdout, stderr } = await redisha(["doctor", "--file", file, "--json", ...args]);
  expect(stderr).toBe("");
  const document: { exit: number; result: unknown } = JSON.parse(stdout);
  expect(await refusedBy("envelope", document)).toBeNull();
  expect(await refusedBy("doctor", document.result)).toBeNull();
  expect(code).toBe(document.exit);
  const report = doctorReportSchema.parse(document.result);
  return {
    exit: code,
    report,
    causes: report.diagnoses.map(({ cause }) => cause),
    of(cause) {
      const found = report.diagnoses.find((each) => each.cause === cause);
      if (!found) throw new Error(`no ${cause} among ${report.diagnoses.map((each) => each.cause).join(", ")}`);
      return found;
    },
  };
}

/** What a diagnosis was found by, a line each. */
export function evidenceOf({ evidence }: Diagnosed): string {
  return evidence.map(({ where, source, value }) => `${where} ${source}: ${value}`).join("\n");
}

/** Types the command that a diagnosis prints, its dry run first; `planned: false` where a plan stops at what is broken. */
export async function mend(file: string, { mend: how }: Diagnosed, options = { planned: true }): Promise<Ended> {
  if (!how) throw new Error("nothing is said that mends it");
  const planned = await inShell(`${how.command} --file '${file}' --dry-run`);
  expect(planned.code, planned.stdout + planned.stderr).toBe(options.planned ? 0 : 4);
  const deployment = /--deployment (\S+)/.exec(how.command)?.[1] ?? "";
  const ended = await inShell(`${how.command} --file '${file}' --yes --confirm ${deployment}`);
  expect(ended.stdout + ended.stderr).toMatch(/✔ done/);
  expect(ended.code).toBe(0);
  return ended;
}
