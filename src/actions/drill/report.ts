import { z } from "zod";
import { analyse } from "../../drill/analyse.ts";
import { drillIn, drillOf } from "../../drill/drill-slot.ts";
import { findDrill, keepDrillReport, type PastDrill } from "../../drill/history.ts";
import { drillReportSchema } from "../../drill/report-schema.ts";
import type { DrillPolicy } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";

const { figures, verdict, new_primary, notes } = drillReportSchema.shape;

/** Works out what the drill of this run measured, and keeps it in the history. */
export const drillReport = defineAction({
  name: "drill.report",
  summary:
    "Works out what the drill measured, holds it against the budget of redisha.yaml, and keeps it in the history",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({
    max_write_outage: durationSchema.nullable().default(null).describe("In place of drill.budget.write_outage"),
    max_lost_writes: z.int().min(0).nullable().default(null).describe("In place of drill.budget.lost_writes"),
  }),
  output: z.strictObject({
    figures,
    verdict,
    new_primary,
    notes,
    directory: z.string().describe("Where the report and the recording are kept"),
  }),
  example: `- id: report
  action: drill.report`,
  commands: () => [{ transport: "controller", text: "work out the figures, and keep them in the history of drills" }],
  async run({ max_write_outage, max_lost_writes }, context) {
    const { report, directory } = await reported(context, {
      ...(max_write_outage === null ? {} : { writeOutageMs: max_write_outage }),
      ...(max_lost_writes === null ? {} : { lostWrites: max_lost_writes }),
    });
    const { figures, verdict, new_primary, notes } = report;
    return { outputs: { figures, verdict, new_primary, notes, directory }, changed: false };
  },
});

/** A run that was resumed has no drill any more; what it had kept before still counts. */
async function reported({ deployment, life, signal }: ActionContext, limits: DrillPolicy): Promise<PastDrill> {
  const kept = drillIn(life) ? undefined : await findDrill(deployment.name, life.id, process.env);
  if (kept) return kept;
  const recording = await drillOf(life).recording(signal);
  const report = analyse(recording, { ...deployment.drill, ...limits });
  return { report, directory: await keepDrillReport(report, recording, process.env) };
}
