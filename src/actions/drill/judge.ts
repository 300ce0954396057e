import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { findDrill } from "../../drill/history.ts";
import { drillReportSchema } from "../../drill/report-schema.ts";
import { defineAction } from "../define.ts";

const { verdict } = drillReportSchema.shape;

/** Refuses a drill that cost more than redisha.yaml allows. It reads the history, so that a run that was resumed finds it too. */
export const drillJudge = defineAction({
  name: "drill.judge",
  summary: "Fails where the drill of this run cost more than drill.budget allows, or did not measure what it limits",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({}),
  output: z.strictObject({ verdict }),
  example: `- id: judge
  action: drill.judge`,
  commands: () => [{ transport: "controller", text: "hold the figures of the drill against drill.budget" }],
  async run(_, { deployment, life }) {
    const drill = await findDrill(deployment.name, life.id, process.env);
    if (!drill) {
      throw new RedishaError({
        code: "DRILL_NOT_KEPT",
        message: "There is no report of this run to be judged: drill.report comes before drill.judge.",
        exit: EXIT.failedSafe,
        state: "the drill's figures are not known",
        next: ["run the drill again: redisha failover-test"],
      });
    }
    const { verdict, figures } = drill.report;
    const { state, summary } = verdict;
    if (state === "within" || state === "no_budget") return { outputs: { verdict }, changed: false };
    throw new RedishaError({
      code: state === "exceeded" ? "DRILL_BUDGET_EXCEEDED" : "DRILL_UNPROVEN",
      message:
        state === "exceeded" ? `The drill is over its budget. ${summary}` : `The drill proves nothing. ${summary}`,
      exit: EXIT.gateRefused,
      state: `the drill is over and its report is kept; redundant again: ${figures.redundant_ms === null ? "not seen" : "yes"}`,
      next: [`redisha drills show ${life.id}`, "the limits stand in redisha.yaml under drill.budget"],
    });
  },
});
