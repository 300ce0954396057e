import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Action } from "../actions/contract.ts";
import { InvalidFileError, messageOf, type Problem } from "../core/errors.ts";
import { readYaml } from "../core/yaml/read-yaml.ts";
import { checkAgainst } from "../core/yaml/schema-problems.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import type { Runbook } from "../runbook/model.ts";
import { buildTopology } from "../topology/build-topology.ts";
import type { Declared, Observation } from "../topology/observation.ts";
import { type Topology, topologySchema } from "../topology/schema.ts";
import { madeUpTopology } from "./made-up.ts";
import { type Patch, patched } from "./patch.ts";
import { means, namedSteps, nearestStep } from "./step-names.ts";
import {
  caseSchema,
  type GivenTopology,
  type MadeUp,
  type Mock,
  type TestCase,
  testFileSchema,
} from "./test-schema.ts";

const CODE = "RUNBOOK_TEST_INVALID";

/** A case that is ready to be played. */
export interface ReadyCase {
  readonly test: TestCase;
  /** The deployment that it starts with. */
  readonly topology: Topology;
}

export interface TestFile {
  readonly path: string;
  readonly runbook: Runbook;
  readonly cases: readonly ReadyCase[];
}

/**
 * Reads a `*.test.yaml` and holds it against its runbook: steps, results and nodes that it names must be there. Fails
 * with RUNBOOK_TEST_INVALID and every problem at once, each with line and column.
 */
export async function readTests(
  path: string,
  compile: (ref: string) => Promise<Runbook>,
  actions: ReadonlyMap<string, Action>,
): Promise<TestFile> {
  const source = readYaml(await readFile(path, "utf8"), path, CODE);
  refuse(path, source.problems);
  const { data, problems } = checkAgainst(testFileSchema, source, CODE);
  if (!data) throw invalid(path, problems);
  const runbook = await compile(data.runbook);
  const found: Problem[] = [];
  const cases: ReadyCase[] = [];
  for (const [index, test] of data.cases.entries()) {
    const checker = new CaseChecker(source, ["cases", index], runbook, actions, found);
    checker.steps(test);
    const topology = await checker.topology(test, path);
    if (topology) cases.push({ test, topology });
  }
  refuse(path, found);
  return { path, runbook, cases };
}

/** Finds what a case names and is not there. */
class CaseChecker {
  readonly #source: YamlSource;
  readonly #at: YamlPath;
  readonly #steps: ReturnType<typeof namedSteps>;
  readonly #runbook: Runbook;
  readonly #actions: ReadonlyMap<string, Action>;
  readonly #problems: Problem[];

  constructor(
    source: YamlSource,
    at: YamlPath,
    runbook: Runbook,
    actions: ReadonlyMap<string, Action>,
    problems: Problem[],
  ) {
    this.#source = source;
    this.#at = at;
    this.#runbook = runbook;
    this.#steps = namedSteps(runbook);
    this.#actions = actions;
    this.#problems = problems;
  }

  steps({ mock, expect, given, inputs }: TestCase): void {
    for (const [index, each] of mock.entries()) {
      if (this.#step(each.step, ["mock", index, "step"])) this.#result(each, ["mock", index]);
    }
    for (const key of ["sequence", "skipped", "undone"] as const) {
      for (const [index, text] of (expect[key] ?? []).entries()) {
        this.#step(stepOf(text).replace(/ \(undo\)$/, ""), ["expect", key, index]);
      }
    }
    for (const [index, line] of (expect.plan ?? []).entries()) {
      for (const name of Object.keys(line)) this.#step(name, ["expect", "plan", index, name], "key");
    }
    this.#known(Object.keys(inputs), Object.keys(this.#runbook.inputs), "input", ["inputs"]);
    this.#known(Object.keys(given.secrets), Object.keys(this.#runbook.secrets), "secret", ["given", "secrets"]);
    this.#known(Object.keys(expect.outputs ?? {}), Object.keys(this.#runbook.outputs), "output", ["expect", "outputs"]);
  }

  /** The deployment of the case, and whether every node that the case speaks of is in it. */
  async topology(test: TestCase, file: string): Promise<Topology | undefined> {
    const at = ["given", "topology"];
    const given = await this.#given(test.given.topology, file, at);
    if (!given) return undefined;
    const start = this.#patch(given, test.given.set ?? {}, ["given", "set"]);
    for (const [index, { leaves }] of test.mock.entries()) this.#patch(given, leaves ?? {}, ["mock", index, "leaves"]);
    this.#patch(given, test.expect.topology ?? {}, ["expect", "topology"]);
    return start;
  }

  async #given(given: GivenTopology, file: string, at: YamlPath): Promise<Topology | undefined> {
    if (typeof given !== "string") return topologyOf(given);
    try {
      const json: unknown = JSON.parse(await readFile(join(dirname(file), given), "utf8"));
      const whole = topologySchema.safeParse(json);
      if (whole.success) return whole.data;
      const part = caseSchema.shape.given.shape.topology.safeParse(json);
      if (part.success && typeof part.data !== "string") return topologyOf(part.data);
      this.#problem(at, `${given} holds neither observations nor a topology`);
    } catch (error) {
      this.#problem(at, `${given} cannot be read: ${messageOf(error)}`);
    }
    return undefined;
  }

  #patch(topology: Topology, patch: Patch, at: YamlPath): Topology | undefined {
    const nodes = new Map([...topology.nodes, ...topology.sentinels].map((node) => [node.id, node]));
    const before = this.#problems.length;
    this.#known(Object.keys(patch), [...nodes.keys()], "node", at);
    for (const [id, fields] of Object.entries(patch)) {
      this.#known(Object.keys(fields), Object.keys(nodes.get(id) ?? fields), "field", [...at, id]);
    }
    if (this.#problems.length > before) return undefined;
    const result = topologySchema.safeParse(patched(topology, patch));
    if (result.success) return result.data;
    for (const { path, message } of result.error.issues) {
      this.#problem(at, `${path.slice(2).join(".")}: ${message}`);
    }
    return undefined;
  }

  #step(name: string, at: YamlPath, part: "key" | "value" = "value"): boolean {
    if (this.#steps.some(({ path }) => means(name, path))) return true;
    const near = nearestStep(name, this.#steps);
    this.#problem(at, `the runbook has no step ${name}`, near ? `did you mean "${near}"?` : undefined, part);
    return false;
  }

  /** A result that the action could never give would prove nothing. */
  #result({ step: name, undo, result, leaves }: Mock, at: YamlPath): void {
    for (const { path, step } of this.#steps.filter((each) => means(name, each.path))) {
      if (step.block || step.runbook) {
        this.#problem([...at, "step"], `${path} holds other steps; mock those`);
        continue;
      }
      if (undo && (step.undo === undefined || step.undo === "none")) {
        this.#problem([...at, "undo"], `${path} is not taken back by any action`);
        continue;
      }
      const call = undo && typeof step.undo === "object" ? step.undo.action : step.action;
      const output = this.#actions.get(call)?.output;
      const parsed = result && output?.safeParse(result);
      for (const issue of parsed?.error?.issues ?? []) {
        const where = ["result", ...issue.path].join(".");
        this.#problem([...at, "result", ...issue.path], `${where} is not what ${call} gives: ${issue.message}`);
      }
      if (leaves && step.effect === "read" && !undo)
        this.#problem([...at, "leaves"], `${path} only reads: it changes nothing`);
    }
  }

  #known(words: readonly string[], known: readonly string[], what: string, at: YamlPath): void {
    for (const word of words) {
      if (known.includes(word)) continue;
      const hint = known.length > 0 && known.length <= 12 ? `known here: ${known.join(", ")}` : undefined;
      this.#problem([...at, word], `there is no ${what} ${word}`, hint, "key");
    }
  }

  #problem(at: YamlPath, message: string, hint?: string, part: "key" | "value" = "value"): void {
    const position = this.#source.position([...this.#at, ...at], part);
    this.#problems.push({ code: CODE, message, position, ...(hint ? { hint } : {}) });
  }
}

function topologyOf(given: Exclude<GivenTopology, string>): Topology {
  if (isMadeUp(given)) return madeUpTopology(given);
  // Recorded by our own observe; the model takes what is missing in them for unknown.
  const { declared, observations } = given as unknown as { declared: Declared; observations: Observation[] };
  return buildTopology(declared, observations);
}

function isMadeUp(given: Exclude<GivenTopology, string>): given is MadeUp {
  return "primary" in given;
}

/** `write` of `write@r1:6379`. */
export function stepOf(text: string): string {
  return text.split("@", 1)[0] ?? text;
}

function refuse(path: string, problems: readonly Problem[]): void {
  if (problems.length > 0) throw invalid(path, problems);
}

function invalid(path: string, problems: readonly Problem[]): InvalidFileError {
  return new InvalidFileError(CODE, `${path} is not a valid test of a runbook`, problems);
}
