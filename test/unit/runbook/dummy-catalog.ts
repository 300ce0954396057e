import { readFileSync } from "node:fs";
import { z } from "zod";
import { InvalidFileError, type Problem } from "../../../src/core/errors.ts";
import { Secret } from "../../../src/core/secret.ts";
import { parseDuration } from "../../../src/core/units.ts";
import type { ActionCatalog, ActionScope, ActionSpec } from "../../../src/runbook/action-spec.ts";
import { compileRunbook } from "../../../src/runbook/compile.ts";
import type { Effect } from "../../../src/runbook/effect.ts";
import type { Runbook } from "../../../src/runbook/model.ts";
import type { RunbookSource } from "../../../src/runbook/unit.ts";

const empty = z.strictObject({});
const duration = z.string().refine((text) => parseDuration(text) !== undefined, "expected a duration");
const secret = z.custom<Secret>((value) => value instanceof Secret);

function spec(
  name: string,
  scope: ActionScope,
  effect: Effect,
  input: z.ZodType = empty,
  output: z.ZodType = empty,
  secretsIn: readonly string[] = [],
): [string, ActionSpec] {
  return [name, { name, summary: name, scope, effect, input, output, secretsIn, example: "" }];
}

const parameter = z.strictObject({ parameter: z.string(), value: z.string() });
const pkg = z.strictObject({ name: z.string(), version: z.string() });
const unit = z.strictObject({ unit: z.string() });

/** Actions as the language sees them: types only, nothing that runs. */
export const CATALOG: ActionCatalog = new Map([
  spec(
    "assert",
    "any",
    "read",
    z.strictObject({ that: z.array(z.strictObject({ expr: z.string(), message: z.string() })) }),
  ),
  spec("wait_for", "any", "read", z.strictObject({ interval: duration.optional() })),
  spec(
    "confirm",
    "controller",
    "read",
    z.strictObject({ message: z.string(), type_to_confirm: z.string().optional() }),
  ),
  spec("pause", "controller", "read", z.strictObject({ message: z.string() })),
  spec("set", "any", "read", z.record(z.string(), z.unknown())),
  spec("block", "any", "read", z.strictObject({ ref: z.string().optional() })),
  spec(
    "runbook",
    "any",
    "read",
    z.strictObject({ ref: z.string(), inputs: z.record(z.string(), z.unknown()).optional() }),
  ),
  spec("sentinel.ckquorum", "instance", "read", empty, z.strictObject({ ok: z.boolean(), message: z.string() })),
  spec(
    "sentinel.switchover",
    "controller",
    "disruptive",
    z.strictObject({
      quiesce: z.strictObject({ max_pause: duration }),
      keep_rdb: z.boolean(),
      old_primary: z.enum(["demote", "demote_and_stop"]),
    }),
    z.strictObject({ write_gap_ms: z.int(), new_primary: z.string().nullable() }),
  ),
  spec("redis.config_set", "instance", "change", parameter),
  spec("redis.info", "instance", "read", empty, z.strictObject({ keys: z.int(), fraction: z.number() })),
  spec("redis.command", "instance", "change", z.strictObject({ command: z.array(z.string()) })),
  spec("redis.auth", "instance", "change", z.strictObject({ password: secret, times: z.int().optional() }), empty, [
    "password",
  ]),
  spec("pkg.install", "host", "change", pkg),
  spec("pkg.available", "host", "read", pkg),
  spec("service.restart", "host", "disruptive", unit),
  spec("ssh.exec", "host", "change", z.strictObject({ argv: z.array(z.string()) })),
  spec(
    "ssh.script",
    "host",
    "change",
    z.strictObject({ script: z.string(), env: z.record(z.string(), z.string()).optional() }),
  ),
]);

export const UPGRADE = readFileSync(new URL("../../fixtures/runbook/upgrade.yaml", import.meta.url), "utf8");

export const BACKUP = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: backup, version: 1.0.0 }
inputs: { wait_offset: { type: bool, default: false } }
steps:
  - id: look
    action: redis.info
    targets: { role: replica, limit: 1 }
outputs: { keys: steps.look.outputs.keys }
`;

const WATCHED = `${BACKUP}invariants: [ { id: some, assert: topo.nodes.size() > 0, on_violation: abort } ]\n`;

const LIBRARY: Readonly<Record<string, string>> = { "builtin:backup": BACKUP, "builtin:watched": WATCHED };

function resolve(ref: string): RunbookSource | undefined {
  const text = LIBRARY[ref];
  return text === undefined ? undefined : { text, path: `${ref.slice(8)}.yaml`, origin: "shipped" };
}

export function compileText(text: string, find = resolve): Runbook {
  return compileRunbook({ text, path: "test.yaml", origin: "file" }, CATALOG, find).runbook;
}

/** What is wrong with a text; empty where it compiles. Anything thrown but InvalidFileError is thrown on. */
export function problemsOf(text: string, find = resolve): readonly Problem[] {
  try {
    compileText(text, find);
    return [];
  } catch (error) {
    if (error instanceof InvalidFileError) return error.problems;
    throw error;
  }
}

/** `line:column message (hint)` of each problem. */
export function complaints(text: string, find = resolve): string[] {
  return problemsOf(text, find).map(
    ({ position, message, hint }) =>
      `${position.line}:${position.column} ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}

/** A runbook around some steps, which start in line 5. */
export function runbookOf(steps: string, head = ""): string {
  return `apiVersion: redisha/v1\nkind: Runbook\nmetadata: { name: test, version: 1.0.0 }\n${head}steps:\n${steps}`;
}
