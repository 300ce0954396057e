import { z } from "zod";
import { refuseUnknownCauses } from "../../doctor/asked.ts";
import { kernelFactsSchema, logFactsSchema, reachFactsSchema, troubleFactsSchema } from "../../doctor/facts.ts";
import { diagnoseAll, doctorReportSchema } from "../../doctor/report.ts";
import { SYMPTOM_NAMES } from "../../doctor/symptoms.ts";
import { hostFactsSchema, processFactsSchema, serverFactsSchema } from "../../preflight/facts.ts";
import { judge } from "../../topology/judge.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { outputsOf, perTarget } from "../outputs-of.ts";

/** Looks for every cause in what was read. */
export const doctorDiagnose = defineAction({
  name: "doctor.diagnose",
  summary: "Looks for causes in what was read: each with its evidence, how sure it is, and the runbook that mends it",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    causes: z.array(z.string()).describe("Ids of causes, in the order in which equals are told"),
    only: z.array(z.string()).default([]).describe("Of these only those; empty: all"),
    symptom: z.enum(SYMPTOM_NAMES).nullish().describe("Only causes that may show as it"),
    within: durationSchema.describe("How far back logs were read"),
    slower: durationSchema.default(100).describe("Time of one command that is worth telling"),
    memory_percent: z.int().min(1).max(100).default(90).describe("Share of maxmemory that is worth telling"),
    clock: durationSchema.default(2_000).describe("How far a clock may be off"),
    down_after: durationSchema.default(60_000).describe("Time to hold a primary to be down that is worth telling"),
    servers: perTarget.describe("hosts of a step preflight.server"),
    troubles: perTarget.describe("hosts of a step doctor.trouble"),
    processes: perTarget.describe("hosts of a step preflight.process"),
    logs: perTarget.describe("hosts of a step doctor.log"),
    hosts: perTarget.describe("hosts of a step preflight.host"),
    kernels: perTarget.describe("hosts of a step doctor.kernel"),
    reaches: perTarget.describe("hosts of a step doctor.reach"),
  }),
  output: doctorReportSchema,
  example: `- id: diagnose
  action: doctor.diagnose
  with:
    causes: [two-primaries, wrong-masterauth]
    within: 15m
    servers: "\${{ steps.servers.hosts }}"`,
  commands: () => [],
  async run(input, context) {
    refuseUnknownCauses(input.causes, input.only);
    const topology = await context.topology();
    const facts = {
      deployment: context.deployment,
      topology,
      verdict: judge(topology),
      nowMs: Date.now(),
      withinMs: input.within,
      limits: {
        slowMs: input.slower,
        memory: input.memory_percent / 100,
        clockMs: input.clock,
        downAfterMs: input.down_after,
      },
      servers: outputsOf(input.servers, serverFactsSchema),
      troubles: outputsOf(input.troubles, troubleFactsSchema),
      processes: outputsOf(input.processes, processFactsSchema),
      logs: outputsOf(input.logs, logFactsSchema),
      hosts: outputsOf(input.hosts, hostFactsSchema),
      kernels: outputsOf(input.kernels, kernelFactsSchema),
      reaches: outputsOf(input.reaches, reachFactsSchema),
    };
    const causes = input.only.length > 0 ? input.causes.filter((id) => input.only.includes(id)) : input.causes;
    return { outputs: diagnoseAll({ causes, symptom: input.symptom ?? null }, facts), changed: false };
  },
});
