/**
 * `redisha status`, typed on a deployment that a test has broken, in text and as JSON at once:
 *
 *     const seen = await look(lab.file);
 *     expect(seen).toMatchObject({ exit: 9, state: "critical" });
 *     expectFinding(seen, "no_primary", { next: /redisha status --watch/ });
 */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { expect } from "vitest";
import { parseDocument } from "yaml";
import { displayWidth } from "../../src/cli/output/text.ts";
import { packagePath } from "../../src/core/package-root.ts";
import { type Finding, type Topology, topologySchema, type Verdict, verdictSchema } from "../../src/topology/schema.ts";
import type { TestLab } from "./lab.ts";
import { redisha } from "./redisha.ts";

export interface Look {
  readonly exit: number | null;
  readonly state: Verdict["state"];
  /** Ids of the findings, worst first. */
  readonly ids: readonly string[];
  /** What the operator reads. */
  readonly text: string;
  readonly verdict: Verdict;
  readonly topology: Topology;
}

/** Looks twice, and holds both looks to what every status promises: same exit, 80 columns, a document that its schemas accept. */
export async function look(file: string, ...flags: string[]): Promise<Look> {
  const argv = ["status", "--file", file, ...flags];
  const [text, json] = await Promise.all([redisha(argv), redisha([...argv, "--json"])]);
  expect({ text: text.stderr, json: json.stderr }).toEqual({ text: "", json: "" });
  for (const line of text.stdout.split("\n")) expect(displayWidth(withoutCommand(line))).toBeLessThanOrEqual(80);
  const document: { exit: number; result: Record<string, unknown> } = JSON.parse(json.stdout);
  expect(await refusedBy("envelope", document)).toBeNull();
  expect(await refusedBy("status", document.result)).toBeNull();
  expect([text.code, json.code]).toEqual([document.exit, document.exit]);
  const verdict = verdictSchema.parse(document.result.verdict);
  return {
    exit: text.code,
    state: verdict.state,
    ids: verdict.findings.map(({ id }) => id),
    text: text.stdout,
    verdict,
    topology: topologySchema.parse(document.result.topology),
  };
}

/** A command to type is never broken or cut, also where it stands below the words that lead to it: it may be longer than the screen. */
function withoutCommand(line: string): string {
  return /^ {4}→ |^ {6}(redis-cli|ssh) /.test(line) ? "" : line;
}

/** A finding is there, says this, and both its reason and what to type next stand in the text. */
export function expectFinding(
  seen: Look,
  id: string,
  about: {
    subject?: string;
    severity?: Finding["severity"];
    message?: RegExp;
    next?: RegExp;
    /** Two looks may word it differently, as with a time limit that ends this or that wait. */
    varies?: true;
  },
): Finding {
  const subject = about.subject;
  const found = seen.verdict.findings.find((each) => each.id === id && (!subject || each.subject === subject));
  if (!found) throw new Error(`no ${id}${subject ? ` of ${subject}` : ""} among ${seen.ids.join(", ")}:\n${seen.text}`);
  if (about.severity) expect(found.severity).toBe(about.severity);
  if (about.message) expect(found.message).toMatch(about.message);
  if (about.next) expect(found.next.join("\n")).toMatch(about.next);
  if (about.varies) return found;
  const shown = flat(seen.text);
  expect(shown).toContain(flat(found.message));
  for (const next of found.next) expect(shown).toContain(flat(next));
  return found;
}

/** Without line breaks, and without numbers: times and offsets differ between two looks. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ").replaceAll(/\d+/g, "0").trim();
}

const validators = new Map<string, Promise<ValidateFunction>>();

/** What a checked-in schema has against a document; null where nothing. */
export async function refusedBy(schema: string, document: unknown): Promise<unknown> {
  const compiled = validators.get(schema) ?? compile(schema);
  validators.set(schema, compiled);
  const validate = await compiled;
  return validate(document) ? null : validate.errors;
}

async function compile(schema: string): Promise<ValidateFunction> {
  const text = await readFile(packagePath("schemas", `${schema}.schema.json`), "utf8");
  return new Ajv({ allErrors: true, strict: false }).compile(JSON.parse(text));
}

/** Writes another redisha.yaml beside the lab's own, in which some values differ; `undefined` takes one away. */
export async function variant(lab: TestLab, name: string, changes: Record<string, unknown>): Promise<string> {
  const document = parseDocument(await readFile(lab.file, "utf8"));
  for (const [path, value] of Object.entries(changes)) {
    const keys = ["deployments", lab.status.name, ...path.split(".")];
    if (value === undefined) document.deleteIn(keys);
    else document.setIn(keys, document.createNode(value));
  }
  const file = join(dirname(lab.file), `${name}.yaml`);
  await writeFile(file, document.toString());
  return file;
}
