import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { InvalidFileError, type Problem } from "../../../src/core/errors.ts";
import { type Inventory, type LoadOptions, loadInventory } from "../../../src/inventory/load-inventory.ts";
import type { Deployment } from "../../../src/inventory/model.ts";

/** A directory that goes when the test ends. */
export async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "redisha-inventory-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  return directory;
}

/** Writes the text as redisha.yaml somewhere and loads it. */
export async function load(text: string, options: LoadOptions = {}): Promise<Inventory> {
  const file = join(await scratch(), "redisha.yaml");
  await writeFile(file, text);
  return loadInventory(file, { env: { HOME: "/home/ops" }, ...options });
}

/** The one deployment of the text. */
export async function deploymentOf(text: string, options: LoadOptions = {}): Promise<Deployment> {
  const [deployment] = (await load(text, options)).deployments;
  if (!deployment) throw new Error("no deployment");
  return deployment;
}

/** What is refused, one `line:column message (hint)` each. */
export async function problemsOf(text: string): Promise<string[]> {
  return (await rawProblemsOf(text)).map(shown);
}

export async function rawProblemsOf(text: string): Promise<readonly Problem[]> {
  const error: unknown = await load(text).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return [];
  if (error instanceof InvalidFileError) return error.problems;
  throw error;
}

export async function warningsOf(text: string, options: LoadOptions = {}): Promise<string[]> {
  return (await load(text, options)).warnings.map(shown);
}

function shown({ position, message, hint }: Problem): string {
  return `${position.line}:${position.column} ${message}${hint ? ` (${hint})` : ""}`;
}

/** A file with one deployment, from the lines of its sections; line 1 of them is line 4 of the file. */
export function file(...sections: string[]): string {
  return `version: 1\ndeployments:\n  shop:\n${sections.map((line) => `    ${line}\n`).join("")}`;
}

/** A small deployment of each topology, as lines for `file`. */
export const REPLICATION = [
  "topology: replication",
  "hosts: { r1: { address: 10.0.1.10 }, r2: { address: 10.0.1.11 }, r3: { address: 10.0.1.12 } }",
  "redis: { on: [r1, r2, r3] }",
];
export const SENTINEL = [
  "topology: sentinel",
  "hosts: { r1: { address: 10.0.1.10 }, r2: { address: 10.0.1.11 }, r3: { address: 10.0.1.12 } }",
  "redis: { on: [r1, r2, r3] }",
  "sentinel: { on: [r1, r2, r3] }",
  "master_name: mymaster",
];
export const CLUSTER = [
  "topology: cluster",
  "hosts: { r1: { address: 10.0.1.10 }, r2: { address: 10.0.1.11 }, r3: { address: 10.0.1.12 } }",
  "redis: { on: [r1, r2, r3], ports: [7000, 7001] }",
];
