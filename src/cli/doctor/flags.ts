import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { formatExactDuration } from "../../core/units.ts";
import { SYMPTOM_NAMES, type Symptom, symptomOf } from "../../doctor/symptoms.ts";
import { durationFlag, outputFlag } from "../flags.ts";

export const doctorArgs = {
  symptom: stringArg({
    description: `What is seen: ${SYMPTOM_NAMES.join(", ")}; or the error that a client gets, such as NOREPLICAS`,
  }),
};

export const doctorFlags = {
  output: outputFlag(["table", "json", "yaml", "jsonl"]),
  only: string({ helpValue: "CAUSE,…", summary: "Look for these causes only" }),
  within: durationFlag({ summary: "How far back logs are read (default 15m)", least: 1_000 }),
  list: boolean({ summary: "Only say which symptoms and causes there are; nothing is looked at" }),
};

interface Given {
  readonly only: string | undefined;
  readonly within: number | undefined;
}

/** Inputs of the runbook doctor. Fails with DOCTOR_NO_SYMPTOM (exit 2). */
export function inputsOf(text: string | undefined, { only, within }: Given): Record<string, string> {
  const symptom = text === undefined ? undefined : readSymptom(text);
  return {
    ...(symptom === undefined ? {} : { symptom }),
    ...(only === undefined ? {} : { only }),
    ...(within === undefined ? {} : { within: formatExactDuration(within) }),
  };
}

function readSymptom(text: string): Symptom {
  const found = symptomOf(text);
  if ("symptom" in found) return found.symptom;
  throw new RedishaError({
    code: "DOCTOR_NO_SYMPTOM",
    message: `There is no symptom ${text}${found.like ? `; did you mean ${found.like}?` : ""}`,
    exit: EXIT.usage,
    state: "nothing was looked at",
    next: ["redisha doctor --list", "redisha doctor: looks for every cause"],
  });
}
