import { z } from "zod";
import { EXIT } from "../core/exit-codes.ts";

/** A `*.test.yaml` as it is written. What stands between it and its runbook (step ids, results, nodes) is checked after this. */

const id = z.string().regex(/^[\w.-]+:\d+$/, "an instance is host:port");
const data = z.record(z.string(), z.unknown());
const fieldsByNode = z.record(z.string(), data);

const madeUpSchema = z.strictObject({
  kind: z.enum(["replication", "sentinel"]),
  primary: id.describe("host:port of the primary"),
  replicas: z.array(id).default([]).describe("All attached and in step"),
  sentinels: z.array(id).default([]).describe("All agree, and reach each other"),
  version: z.string().default("7.0.15").describe("Of every server"),
});

const recordedSchema = z.looseObject({
  declared: z.looseObject({ deployment: z.string(), kind: z.enum(["replication", "sentinel", "cluster"]) }),
  observations: z.array(z.looseObject({ instance: z.string(), kind: z.enum(["data", "sentinel"]) })).min(1),
});

const mockSchema = z
  .strictObject({
    step: z.string().describe("Id of the step, or its path where the id is not the only one: replicas.restart"),
    target: z.string().optional().describe("Instance or host; any where it is not said"),
    undo: z.boolean().default(false).describe("Stands for what takes the step back, not for the step"),
    times: z.int().min(1).optional().describe("Answers so often, then the next mock of the step does"),
    result: data.optional().describe("The step's outputs"),
    error: z
      .strictObject({
        code: z.string(),
        message: z.string().default("mocked"),
        exit: z.literal(Object.values(EXIT)).optional(),
      })
      .optional()
      .describe("The step fails with it, and changes nothing"),
    changed: z.boolean().optional().describe("Whether it changed something; true for all but reads"),
    before: data.optional().describe("What is captured before the change, for undo"),
    leaves: fieldsByNode.optional().describe("What the deployment is like afterwards: fields of nodes, by id"),
  })
  .refine(({ result, error }) => !(result && error), "a mock gives a result or an error, not both");

const expectSchema = z.strictObject({
  status: z.enum(["done", "failed", "cancelled", "paused", "rolled_back"]).optional(),
  exit: z.literal(Object.values(EXIT)).optional(),
  sequence: z
    .array(z.string())
    .optional()
    .describe("step@target of every op that changes something, in order; reads count where their step is named"),
  skipped: z.array(z.string()).optional().describe("step@target of every op that was skipped"),
  plan: z
    .array(z.record(z.string(), z.string()))
    .optional()
    .describe('Of these steps, in this order: exact, "conditional on …" or "known after …"'),
  error: z.string().nullable().optional().describe("Code of the error that it ends with; null for none"),
  outputs: data.optional().describe("Outputs of the runbook; others may stand beside them"),
  undone: z.array(z.string()).optional().describe("step@target of what was taken back, in order"),
  topology: fieldsByNode.optional().describe("How the deployment ends up: fields of nodes, by id"),
  keys: z.record(z.string(), z.unknown()).optional().describe("Keys at the end; null for one that must not be there"),
});

export const caseSchema = z.strictObject({
  name: z.string(),
  given: z.strictObject({
    topology: z
      .union([z.string(), madeUpSchema, recordedSchema])
      .describe("A made-up deployment, recorded observations, or the path of a JSON file with either or a topology"),
    set: fieldsByNode.optional().describe("What differs from it: fields of nodes, by id"),
    config: z.record(z.string(), z.string()).default({}).describe("Directives of every data node"),
    keys: z.record(z.string(), z.string()).default({}).describe("String keys that are there"),
    secrets: z.record(z.string(), z.string()).default({}).describe("Values of the runbook's secrets"),
    approve: z.boolean().default(true).describe("What the operator answers when asked"),
  }),
  inputs: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  strict: z.boolean().default(false).describe("Every op that changes something must be mocked"),
  mock: z.array(mockSchema).default([]),
  expect: expectSchema,
});

export const testFileSchema = z.strictObject({
  runbook: z.string().describe("Name, or path from this file"),
  cases: z.array(caseSchema).min(1),
});

export type TestCase = z.infer<typeof caseSchema>;
export type Mock = z.infer<typeof mockSchema>;
export type Expected = z.infer<typeof expectSchema>;
export type MadeUp = z.infer<typeof madeUpSchema>;
export type GivenTopology = TestCase["given"]["topology"];
