import { boolean, string } from "@oclif/core/flags";
import { FAIL_ON } from "../../preflight/report.ts";
import { outputFlag } from "../flags.ts";
import { givenInputs } from "../given-inputs.ts";
import { runFlags } from "../running-command.ts";
import { REPORT_FORMATS } from "./render.ts";

export const preflightFlags = {
  ...runFlags,
  output: outputFlag(["table", "json", "yaml", "jsonl"], REPORT_FORMATS),
  "dry-run": boolean({ char: "n", dependsOn: ["fix"], summary: "With --fix: print the plan and change nothing" }),
  profile: string({ helpValue: "NAME", summary: "Severities and thresholds: production, dev, cache, datastore" }),
  only: string({ helpValue: "CHECK,…", summary: "Only these checks" }),
  skip: string({ helpValue: "CHECK,…", summary: "All but these checks" }),
  "fail-on": string({
    options: [...FAIL_ON],
    default: "error",
    helpValue: FAIL_ON.join("|"),
    summary: "What makes the gate refuse",
  }),
  fix: boolean({ exclusive: ["list"], summary: "Mend what is safe to mend, then look again" }),
  list: boolean({ summary: "Only say which checks there are; nothing is looked at" }),
};

interface Given {
  readonly profile: string | undefined;
  readonly only: string | undefined;
  readonly skip: string | undefined;
}

/** Inputs of the runbooks preflight and preflight-fix. */
export function inputsOf({ profile, only, skip }: Given, failOn: string): Record<string, string> {
  return givenInputs({ fail_on: failOn, profile, only, skip });
}
