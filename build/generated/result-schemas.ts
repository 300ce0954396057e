import { clusterCheckResultSchema } from "../../src/cli/cluster/check-result.ts";
import { doctorListSchema } from "../../src/cli/doctor/result.ts";
import { failoverTestResultSchema } from "../../src/cli/drills/failover-result.ts";
import { drillsCompareResultSchema, drillsListResultSchema } from "../../src/cli/drills/results.ts";
import { envelopeSchema } from "../../src/cli/envelope.ts";
import { preflightListSchema } from "../../src/cli/preflight/list.ts";
import { renderListSchema } from "../../src/cli/rendering/list.ts";
import { reshardResultSchema } from "../../src/cli/reshard/result.ts";
import { rotateResultSchema } from "../../src/cli/rotate/result.ts";
import {
  runSummarySchema,
  runsListResultSchema,
  runsReportResultSchema,
  runsRollbackResultSchema,
  runsVerifyResultSchema,
} from "../../src/cli/runs/results.ts";
import { sizeResultSchema } from "../../src/cli/size/result.ts";
import { statusResultSchema } from "../../src/cli/status/status-result.ts";
import { switchoverResultSchema } from "../../src/cli/switchover/result.ts";
import { doctorReportSchema } from "../../src/doctor/report.ts";
import { drillReportSchema } from "../../src/drill/report-schema.ts";
import { lineSchema } from "../../src/engine/journal-entry.ts";
import { driftSchema } from "../../src/init/drift.ts";
import {
  labDownResultSchema,
  labKillResultSchema,
  labPsResultSchema,
  labRestartResultSchema,
  labUpResultSchema,
} from "../../src/lab/results.ts";
import { reportSchema } from "../../src/preflight/report.ts";
import { storySchema } from "../../src/report/story.ts";
import { unlockResultSchema } from "../../src/use-cases/lock-views.ts";
import { renderedSchema } from "../../src/use-cases/render-deployment.ts";
import { renderSchema } from "../../src/use-cases/render-kind.ts";
import { jsonSchemaText } from "./json-schema.ts";

export function envelopeJsonSchema(): string {
  return jsonSchemaText(envelopeSchema, "envelope", "What every command prints with --json");
}

export function statusJsonSchema(): string {
  return jsonSchemaText(statusResultSchema, "status", "result of redisha status --json");
}

export function sizeJsonSchema(): string {
  return jsonSchemaText(sizeResultSchema, "size", "result of redisha size --json");
}

export function unlockJsonSchema(): string {
  return jsonSchemaText(unlockResultSchema, "unlock", "result of redisha unlock --json");
}

const LAB_RESULTS = {
  up: labUpResultSchema,
  ps: labPsResultSchema,
  kill: labKillResultSchema,
  restart: labRestartResultSchema,
  down: labDownResultSchema,
};

/** A schema per lab command. */
export const labJsonSchemas = Object.entries(LAB_RESULTS).map(([verb, schema]) => ({
  path: `schemas/lab-${verb}.schema.json`,
  content: () => jsonSchemaText(schema, `lab-${verb}`, `result of redisha lab ${verb} --json`),
}));

const RUNS_RESULTS = {
  list: runsListResultSchema,
  show: storySchema,
  verify: runsVerifyResultSchema,
  report: runsReportResultSchema,
  resume: runSummarySchema,
  rollback: runsRollbackResultSchema,
};

/** A schema per runs command. */
export const runsJsonSchemas = Object.entries(RUNS_RESULTS).map(([verb, schema]) => ({
  path: `schemas/runs-${verb}.schema.json`,
  content: () => jsonSchemaText(schema, `runs-${verb}`, `result of redisha runs ${verb} --json`),
}));

const DRILLS_RESULTS = { list: drillsListResultSchema, show: drillReportSchema, compare: drillsCompareResultSchema };

/** A schema per drills command, and one of the report itself. */
export const drillsJsonSchemas = [
  {
    path: "schemas/drill-report.schema.json",
    content: () => jsonSchemaText(drillReportSchema, "drill-report", "What a drill found: report.json of its history"),
  },
  ...Object.entries(DRILLS_RESULTS).map(([verb, schema]) => ({
    path: `schemas/drills-${verb}.schema.json`,
    content: () => jsonSchemaText(schema, `drills-${verb}`, `result of redisha drills ${verb} --json`),
  })),
];

/** A schema of the report, and one of the list of checks. */
export const preflightJsonSchemas = [
  {
    path: "schemas/preflight.schema.json",
    content: () => jsonSchemaText(reportSchema, "preflight", "result of redisha preflight --json"),
  },
  {
    path: "schemas/preflight-list.schema.json",
    content: () => jsonSchemaText(preflightListSchema, "preflight-list", "result of redisha preflight --list --json"),
  },
];

/** A schema of the report, and one of the list of symptoms and causes. */
export const doctorJsonSchemas = [
  {
    path: "schemas/doctor.schema.json",
    content: () => jsonSchemaText(doctorReportSchema, "doctor", "result of redisha doctor --json"),
  },
  {
    path: "schemas/doctor-list.schema.json",
    content: () => jsonSchemaText(doctorListSchema, "doctor-list", "result of redisha doctor --list --json"),
  },
];

export function renderedJsonSchema(): string {
  return jsonSchemaText(renderedSchema, "init-rendered", "result of redisha init --render-only --json");
}

/** A schema of what was rendered, and one of the list of kinds. */
export const renderJsonSchemas = [
  {
    path: "schemas/render.schema.json",
    content: () => jsonSchemaText(renderSchema, "render", "result of redisha render --json"),
  },
  {
    path: "schemas/render-list.schema.json",
    content: () => jsonSchemaText(renderListSchema, "render-list", "result of redisha render --list --json"),
  },
];

export function rotateJsonSchema(): string {
  return jsonSchemaText(rotateResultSchema, "rotate", "result of redisha rotate --json");
}

export function driftJsonSchema(): string {
  return jsonSchemaText(driftSchema, "init-drift", "result of redisha init --drift --json");
}

export function switchoverJsonSchema(): string {
  return jsonSchemaText(switchoverResultSchema, "switchover", "result of redisha switchover --json");
}

export function failoverTestJsonSchema(): string {
  return jsonSchemaText(failoverTestResultSchema, "failover-test", "result of redisha failover-test --json");
}

export function journalJsonSchema(): string {
  return jsonSchemaText(lineSchema, "journal", "A line of a run's journal");
}

/** Both commands that move slots answer alike. */
export const reshardJsonSchemas = ["reshard", "rebalance"].map((verb) => ({
  path: `schemas/${verb}.schema.json`,
  content: () => jsonSchemaText(reshardResultSchema, verb, `result of redisha ${verb} --json`),
}));

export function clusterCheckJsonSchema(): string {
  return jsonSchemaText(clusterCheckResultSchema, "cluster-check", "result of redisha cluster check --json");
}
