import { z } from "zod";
import { checklistSchema } from "../../preflight/checklist.ts";
import {
  backupFactsSchema,
  drillFactsSchema,
  hostFactsSchema,
  monitoringFactsSchema,
  processFactsSchema,
  serverFactsSchema,
  wayFactsSchema,
} from "../../preflight/facts.ts";
import { FAIL_ON, judgeAll, reportSchema } from "../../preflight/report.ts";
import { defineAction } from "../define.ts";
import { outputsOf, perTarget } from "../outputs-of.ts";

const once = z.unknown().optional();

/** Asks every check what it thinks of what was read. */
export const preflightJudge = defineAction({
  name: "preflight.judge",
  summary: "Asks every check of the checklist what it says of what was read; all are asked, and none hides another",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    checklist: checklistSchema.describe("Outputs of preflight.checklist"),
    fail_on: z.enum(FAIL_ON).default("error").describe("What makes the gate refuse"),
    servers: perTarget.describe("hosts of a step preflight.server"),
    processes: perTarget.describe("hosts of a step preflight.process"),
    hosts: perTarget.describe("hosts of a step preflight.host"),
    ways: perTarget.describe("hosts of a step preflight.ways"),
    backups: once.describe("Outputs of preflight.backups"),
    drills: once.describe("Outputs of preflight.drills"),
    monitoring: once.describe("Outputs of preflight.monitoring"),
  }),
  output: reportSchema,
  example: `- id: judge
  action: preflight.judge
  with:
    checklist: "\${{ steps.checklist.outputs }}"
    servers: "\${{ steps.servers.hosts }}"`,
  commands: () => [],
  async run(input, context) {
    const facts = {
      deployment: context.deployment,
      topology: await context.topology(),
      nowMs: Date.now(),
      servers: outputsOf(input.servers, serverFactsSchema),
      processes: outputsOf(input.processes, processFactsSchema),
      hosts: outputsOf(input.hosts, hostFactsSchema),
      ways: outputsOf(input.ways, wayFactsSchema),
      backups: backupFactsSchema.safeParse(input.backups).data,
      drills: drillFactsSchema.safeParse(input.drills).data,
      monitoring: monitoringFactsSchema.safeParse(input.monitoring).data,
    };
    return { outputs: judgeAll(input.checklist, facts, input.fail_on), changed: false };
  },
});
