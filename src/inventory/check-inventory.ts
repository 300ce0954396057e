import type { z } from "zod";
import type { FilePosition, Problem } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { checkAgainst } from "../core/yaml/schema-problems.ts";
import type { YamlSource } from "../core/yaml/yaml-source.ts";
import { Findings, INVALID } from "./findings.ts";
import { type InlineSecret, inlineSecrets } from "./inline-secrets.ts";
import { lenientDeploymentSchema } from "./lenient-view.ts";
import { checkDeployment } from "./rules.ts";
import { inventorySchema } from "./schema.ts";
import { syntaxProblems } from "./syntax-problems.ts";

export interface CheckedInventory {
  /** Undefined where there are problems. */
  readonly data?: z.infer<typeof inventorySchema>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Everything that is wrong with a redisha.yaml, and everything unwise about it, in the order of the file. */
export function checkInventory(source: YamlSource, now: Date): CheckedInventory {
  const syntax = syntaxProblems(source);
  if (source.value === undefined) return { problems: inOrder(syntax), warnings: [] };
  const secrets = inlineSecrets(source);
  const { data, problems: ofSchema } = checkAgainst(inventorySchema, source, INVALID);
  const ofRules = checkRules(source, now);
  const others = [...ofSchema, ...ofRules.problems].filter(({ position }) => !isSecret(position, secrets));
  const problems = inOrder([...syntax, ...secrets.map(({ problem }) => problem), ...others]);
  return { ...(data && problems.length === 0 ? { data } : {}), problems, warnings: inOrder(ofRules.warnings) };
}

function checkRules(source: YamlSource, now: Date): Pick<Findings, "problems" | "warnings"> {
  const file = new Findings(source, []);
  const deployments = mapOf(mapOf(source.value).deployments);
  const names = Object.keys(deployments);
  const wanted = mapOf(source.value).default;
  if (typeof wanted === "string" && names.length > 0 && !names.includes(wanted)) {
    const near = nearest(wanted, names);
    const hint = near === undefined ? `deployments here: ${names.join(", ")}` : `did you mean "${near}"?`;
    file.error(["default"], `there is no deployment ${wanted}`, { hint });
  }
  const today = now.toISOString().slice(0, 10);
  const each = Object.entries(deployments).map(([name, value]) => {
    const found = new Findings(source, ["deployments", name]);
    const view = lenientDeploymentSchema.safeParse(value);
    if (view.success) checkDeployment(view.data, found, today);
    return found;
  });
  const all = [file, ...each];
  return { problems: all.flatMap((found) => found.problems), warnings: all.flatMap((found) => found.warnings) };
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function isSecret({ line, column }: FilePosition, secrets: readonly InlineSecret[]): boolean {
  return secrets.some(({ places }) => places.some((place) => place.line === line && place.column === column));
}

function inOrder(problems: readonly Problem[]): Problem[] {
  return problems.toSorted(({ position: a }, { position: b }) => a.line - b.line || a.column - b.column);
}
