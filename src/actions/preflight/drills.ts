import { z } from "zod";
import { lastGoodDrill } from "../../drill/past.ts";
import { drillFactsSchema } from "../../preflight/facts.ts";
import { defineAction } from "../define.ts";

/** Reads from the history when a drill last went well. */
export const preflightDrills = defineAction({
  name: "preflight.drills",
  summary: "Reads from the history of this machine when a failover drill last went well",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: drillFactsSchema,
  example: `- id: drills
  action: preflight.drills
  with: {}`,
  commands: () => [{ transport: "controller", text: "read the history of drills" }],
  async run(_input, { deployment }) {
    const { drill } = await lastGoodDrill(deployment.name, process.env);
    const ageS = drill && Math.round((Date.now() - Date.parse(drill.at)) / 1_000);
    const outputs = { last_good: drill ? { run: drill.run, mode: drill.mode, age_s: ageS ?? 0 } : null };
    return { outputs, changed: false };
  },
});
