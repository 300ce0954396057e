import { type FilePosition, InvalidFileError, type Problem } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { parseBytes, parseDuration } from "../core/units.ts";
import type { YamlSource } from "../core/yaml/yaml-source.ts";
import { type CelType, INT, objectType, STRING } from "./cel-type.ts";
import type { InputSpec, Runbook } from "./model.ts";
import { readPart } from "./part.ts";
import type { Problems } from "./problems.ts";
import { patternProblem } from "./regex.ts";
import { inputSchema, type RawInput } from "./schema.ts";
import { isVersion } from "./versions.ts";

const WANTED: Readonly<Record<InputSpec["type"], string>> = {
  string: "a text",
  int: "a whole number such as 10",
  bool: "true or false",
  duration: "a duration such as 30s, 5m or 1h30m",
  bytes: "a size such as 1048576, 100mb or 6gb",
  enum: "one of its values",
  version: 'a version in quotes such as "7.0.15"',
  host: "the name of a host or the id of an instance",
};

/** Reads `inputs:` of a runbook. */
export function readInputs(raw: unknown, source: YamlSource, problems: Problems): Record<string, InputSpec> {
  const inputs: Record<string, InputSpec> = {};
  if (typeof raw !== "object" || raw === null) return inputs;
  for (const [name, value] of Object.entries(raw)) {
    const path = ["inputs", name];
    const input = readPart(inputSchema, value, path, source, problems);
    if (input) inputs[name] = specOf(input, source.position(path, "key"));
    if (input) checkInput(name, input, source, problems);
  }
  return inputs;
}

function specOf(input: RawInput, position: FilePosition): InputSpec {
  return {
    type: input.type,
    required: input.required ?? false,
    position,
    ...(input.default === undefined ? {} : { default: input.default }),
    ...(input.pattern === undefined ? {} : { pattern: input.pattern }),
    ...(input.enum === undefined ? {} : { values: input.enum }),
    ...(input.description === undefined ? {} : { description: input.description }),
  };
}

function checkInput(name: string, input: RawInput, source: YamlSource, problems: Problems): void {
  const at = (key: string) => source.position(["inputs", name, key]);
  const spec = specOf(input, at("type"));
  if (input.type === "enum" && !input.enum) {
    problems.add("RUNBOOK_SCHEMA", at("type"), `input ${name}: an enum needs its values`, "add enum: [one, two]");
  }
  if (input.enum && input.type !== "enum") {
    problems.add("RUNBOOK_SCHEMA", at("enum"), `input ${name}: enum goes with type enum`, "write type: enum");
  }
  const pattern = input.pattern === undefined ? undefined : patternProblem(input.pattern);
  if (pattern !== undefined) problems.add("RUNBOOK_SCHEMA", at("pattern"), `input ${name}: ${pattern}`);
  if (input.default === undefined) return;
  if (input.required) {
    problems.add("RUNBOOK_SCHEMA", at("default"), `input ${name} is required and has a default: one of them is idle`);
  }
  const read = pattern === undefined ? readValue(spec, input.default) : { value: undefined };
  if ("wrong" in read) {
    const written = source.scalar(["inputs", name, "default"]);
    const unquoted = written && !written.quoted && typeof input.default !== "string" && isTextual(spec);
    const hint = unquoted ? `without quotes YAML reads a number; write "${written.source}"` : undefined;
    problems.add("RUNBOOK_SCHEMA", at("default"), `input ${name}: the default is not ${read.wrong}`, hint);
  }
}

function isTextual(spec: InputSpec): boolean {
  return spec.type !== "int" && spec.type !== "bool" && spec.type !== "bytes";
}

/** The type of `inputs` in expressions. An input without default that need not be given may be null. */
export function inputsType(inputs: Readonly<Record<string, InputSpec>>): CelType {
  const fields = Object.entries(inputs).map(([name, spec]): [string, CelType] => {
    const optional = !spec.required && spec.default === undefined;
    return [name, optional ? { ...celTypeOfInput(spec), nullable: true } : celTypeOfInput(spec)];
  });
  return objectType("inputs", Object.fromEntries(fields));
}

function celTypeOfInput(spec: InputSpec): CelType {
  switch (spec.type) {
    case "int":
    case "bytes":
      return INT;
    case "bool":
      return { kind: "bool" };
    case "duration":
      return { kind: "duration" };
    case "enum":
      return spec.values ? { kind: "string", values: spec.values } : STRING;
    default:
      return STRING;
  }
}

/**
 * The values of a runbook's inputs from texts such as `--input soak=1m`, with defaults filled in. Durations stay texts
 * (`1m`), sizes become bytes, an optional input that is not given is null. `where` says in messages where the texts came
 * from. Throws InvalidFileError RUNBOOK_INPUT_INVALID with every problem, each at the input's declaration.
 */
export function resolveInputs(
  runbook: Runbook,
  given: Readonly<Record<string, string>>,
  where: string,
): Record<string, unknown> {
  return resolved(runbook, given, where, readText);
}

/** The same for values that have their types already: what a runbook hands to another one. */
export function resolveInputValues(
  runbook: Runbook,
  given: Readonly<Record<string, unknown>>,
  where: string,
): Record<string, unknown> {
  return resolved(runbook, given, where, readValue);
}

function resolved<T>(
  runbook: Runbook,
  given: Readonly<Record<string, T>>,
  where: string,
  read: (spec: InputSpec, value: T) => Read,
): Record<string, unknown> {
  const problems: Problem[] = [];
  const add = (position: FilePosition, message: string, hint?: string) =>
    problems.push({ code: "RUNBOOK_INPUT_INVALID", message, position, ...(hint === undefined ? {} : { hint }) });
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(runbook.inputs)) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (value === undefined || value === null) {
      if (spec.required) add(spec.position, `${where}: ${name} is required: ${describeInput(spec)}`);
      const fallback = spec.default === undefined ? { value: null } : readValue(spec, spec.default);
      values[name] = "wrong" in fallback ? null : fallback.value;
      continue;
    }
    const result = read(spec, value);
    if ("wrong" in result) add(spec.position, `${where}: ${name}=${String(value)} is not ${result.wrong}`);
    else values[name] = result.value;
  }
  const known = Object.keys(runbook.inputs);
  for (const name of Object.keys(given).filter((key) => !known.includes(key))) {
    const near = nearest(name, known);
    const list = known.length === 0 ? `${runbook.name} takes no inputs` : `its inputs: ${known.join(", ")}`;
    add(
      { file: runbook.source.path, line: 1, column: 1 },
      `${where}: ${runbook.name} has no input "${name}"`,
      near === undefined ? list : `did you mean "${near}"?`,
    );
  }
  if (problems.length > 0) throw new InvalidFileError("RUNBOOK_INPUT_INVALID", `inputs of ${runbook.name}`, problems);
  return values;
}

/** What an input wants, in words: for help and for messages. */
export function describeInput(spec: InputSpec): string {
  if (spec.values) return `one of ${spec.values.join(", ")}`;
  return spec.pattern === undefined ? WANTED[spec.type] : `${WANTED[spec.type]} that matches ${spec.pattern}`;
}

type Read = { readonly value: unknown } | { readonly wrong: string };

function readText(spec: InputSpec, text: string): Read {
  const wrong = { wrong: describeInput(spec) };
  switch (spec.type) {
    case "int":
      return /^-?\d+$/.test(text) && Number.isSafeInteger(Number(text)) ? { value: Number(text) } : wrong;
    case "bool":
      return text === "true" || text === "false" ? { value: text === "true" } : wrong;
    case "bytes": {
      const bytes = parseBytes(text);
      return bytes === undefined ? wrong : { value: bytes };
    }
    default:
      return readValue(spec, text);
  }
}

/** Checks a value that is a text for most types, a number for int and bytes, true or false for bool. */
export function readValue(spec: InputSpec, value: unknown): Read {
  const wrong = { wrong: describeInput(spec) };
  if (spec.type === "int") return typeof value === "number" && Number.isSafeInteger(value) ? { value } : wrong;
  if (spec.type === "bool") return typeof value === "boolean" ? { value } : wrong;
  if (spec.type === "bytes" && typeof value === "number") return Number.isSafeInteger(value) ? { value } : wrong;
  if (typeof value !== "string") return wrong;
  if (spec.pattern !== undefined && !new RegExp(spec.pattern).test(value)) return wrong;
  switch (spec.type) {
    case "duration":
      return parseDuration(value) === undefined ? wrong : { value };
    case "bytes":
      return readText(spec, value);
    case "enum":
      return spec.values?.includes(value) ? { value } : wrong;
    case "version":
      return isVersion(value) ? { value } : wrong;
    case "host":
      return value === "" ? wrong : { value };
    default:
      return { value };
  }
}
