import type { ZodType } from "zod";
import { checkAgainst } from "../core/yaml/schema-problems.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import type { Problems } from "./problems.ts";

/**
 * Reads one part of the file. Where keys of it are wrong they are reported and left out, so that the rest of the part is
 * still checked; undefined where too little is left to go on.
 */
export function readPart<T>(
  schema: ZodType<T>,
  value: unknown,
  path: YamlPath,
  source: YamlSource,
  problems: Problems,
): T | undefined {
  const first = checkAgainst(schema, source, "RUNBOOK_SCHEMA", value, path);
  if (first.data !== undefined) return first.data;
  problems.addAll(first.problems);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const wrong = wrongKeys(schema, value);
  const rest = Object.fromEntries(Object.entries(value).filter(([key]) => !wrong.has(key)));
  return schema.safeParse(rest).data;
}

function wrongKeys(schema: ZodType, value: object): ReadonlySet<string> {
  const issues = schema.safeParse(value).error?.issues ?? [];
  return new Set(
    issues.flatMap((issue) =>
      issue.code === "unrecognized_keys" && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
    ),
  );
}
