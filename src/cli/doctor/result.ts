import { z } from "zod";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { CAUSES } from "../../doctor/catalog.ts";
import { type DoctorReport, doctorReportSchema } from "../../doctor/report.ts";
import { SYMPTOM_NAMES, SYMPTOMS } from "../../doctor/symptoms.ts";

export const doctorListSchema = z.strictObject({
  symptoms: z.array(z.strictObject({ symptom: z.enum(SYMPTOM_NAMES), title: z.string() })),
  causes: z.array(
    z.strictObject({
      cause: z.string(),
      title: z.string(),
      symptoms: z.array(z.enum(SYMPTOM_NAMES)),
      why: z.string(),
      how: z.string(),
    }),
  ),
});
export type DoctorList = z.infer<typeof doctorListSchema>;

export function doctorList(): DoctorList {
  return {
    symptoms: SYMPTOM_NAMES.map((symptom) => ({ symptom, title: SYMPTOMS[symptom] })),
    causes: CAUSES.map(({ id, title, symptoms, why, how }) => ({
      ...{ cause: id, title, symptoms: [...symptoms] },
      ...{ why, how },
    })),
  };
}

/** The report among the outputs of the runbook doctor. */
export function reportIn(outputs: Readonly<Record<string, unknown>>): DoctorReport {
  return z.object({ report: doctorReportSchema }).parse(outputs).report;
}

/** As of status: 9 where something was found, 6 where nothing could be reached. Remarks alone make nobody ill. */
export function exitOf({ diagnoses, state }: DoctorReport): ExitCode {
  if (state === "unreachable") return EXIT.cannotConnect;
  return diagnoses.some(({ severity }) => severity !== "info") ? EXIT.unhealthy : EXIT.done;
}
