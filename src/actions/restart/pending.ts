import { z } from "zod";
import { type ConfLine, type Directive, directivesOf, parseConf, renderConf } from "../../conf/conf-file.ts";
import { knownDirective } from "../../conf/known-directives.ts";
import { oneName } from "../../conf/same-directive.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type Difference, liveDifferences } from "../../init/differences.ts";
import type { Instance } from "../../inventory/model.ts";
import { field } from "../../topology/parse/info.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { holdsSecret } from "../redis/config-set.ts";
import { configFileOf } from "../service/config-file.ts";
import { onHostOf } from "../service/shell.ts";

/** `$1` the file. */
const READ = 'cat -- "$1"';

/** What a server spells out, or resolves against the folder that it runs in: a difference of spelling is none. */
const SPELLED_OUT: ReadonlySet<string> = new Set([
  "dir",
  "logfile",
  "pidfile",
  "unixsocket",
  "aclfile",
  "bind-source-addr",
]);

/** What says whom it follows changes with every failover, and is no wish of anybody. */
const ROLES: ReadonlySet<string> = new Set(["replicaof", "slaveof"]);

const difference = z.strictObject({ name: z.string(), was: z.string().nullable(), will: z.string().nullable() });

/** What a restart would change about a server: its file against what it goes by now. */
export const restartPending = defineAction({
  name: "restart.pending",
  summary:
    "Tells what a restart would change: what its file says and it does not go by yet, and what only its memory holds",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({}),
  output: z.strictObject({
    file: z.string().describe("Its configuration file"),
    pending: z.array(difference).describe("What its file says otherwise than what it goes by"),
    lines: z.array(z.string()).describe("These lines as they stand in its file"),
    only_in_memory: z.array(z.string()).describe("What was set while it ran, and a restart would lose"),
    follows: z.string().nullable().describe("Host and port that it follows; null for a primary"),
  }),
  example: `- id: pending
  action: restart.pending
  targets: { role: data }
  with: {}`,
  commands: () => [
    { transport: "redis", text: "CONFIG GET *" },
    { transport: "script", text: "cat CONFIG_FILE" },
  ],
  tell: ({ pending, only_in_memory }) =>
    [
      pending.length > 0 ? `takes up ${pending.map(shownDifference).join(", ")}` : "nothing is pending in its file",
      ...(only_in_memory.length > 0 ? [`would lose ${only_in_memory.join(", ")}, set in memory alone`] : []),
    ].join("; "),
  async run(_input, context) {
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const info = await infoOf(redis, ["server", "replication"], context.signal);
    const file = configFileOf(instance, info);
    const lines = await linesOf(file, instance, context);
    const values = pairsOf(await redis.command(["CONFIG", "GET", "*"], { signal: context.signal }));
    const pending = liveDifferences(lines, values)
      .map(({ name, was, will }): Difference => ({ name, was, will }))
      .filter(({ name }) => !SPELLED_OUT.has(wordOf(name)) && !ROLES.has(wordOf(name)));
    const secret = pending.find(({ name }) => holdsSecret(wordOf(name)));
    if (secret) throw password(instance, file, secret.name);
    const names = new Set(pending.map(({ name }) => wordOf(name)));
    const only_in_memory = onlyInMemory(directivesOf(lines), values, serverOf(info));
    warn(instance, only_in_memory, context);
    const followed =
      field(info, "role") === "slave" ? `${field(info, "master_host")} ${field(info, "master_port")}` : null;
    return {
      outputs: { file, pending, lines: textOf(lines, names), only_in_memory, follows: followed },
      changed: false,
    };
  },
});

async function linesOf(file: string, instance: Instance, context: ActionContext): Promise<ConfLine[]> {
  const failure = { code: "RESTART_FILE_NOT_READ", what: `${file} cannot be read`, state: "nothing was touched" };
  return parseConf(await onHostOf(instance, context, READ, [file], failure));
}

/** `client-output-buffer-limit` of `client-output-buffer-limit normal`. */
function wordOf(name: string): string {
  return name.split(" ")[0] ?? name;
}

function textOf(lines: readonly ConfLine[], names: ReadonlySet<string>): string[] {
  const kept = directivesOf(lines).filter(({ name }) => names.has(oneName(name)));
  return kept.length === 0 ? [] : renderConf(kept).trim().split("\n");
}

/** What is neither in the file nor what the release would take without one. */
function onlyInMemory(
  written: readonly Directive[],
  values: Readonly<Record<string, string>>,
  engine: { name: string; version: string },
): string[] {
  const named = new Set(written.map(({ name }) => oneName(name)));
  return Object.entries(values)
    .filter(([name, value]) => {
      if (named.has(oneName(name)) || SPELLED_OUT.has(name) || ROLES.has(name)) return false;
      const known = knownDirective(name, engine)?.default;
      return known != null && known !== value;
    })
    .map(([name]) => name)
    .sort();
}

function warn({ id }: Instance, names: readonly string[], context: ActionContext): void {
  if (names.length === 0) return;
  const message = `${id}: set in memory and not in its file, so that a restart loses it: ${names.join(", ")}. CONFIG REWRITE keeps it`;
  context.emit({ type: "warning", message });
}

function shownDifference({ name, was, will }: Difference): string {
  return `${name} ${was ?? "unset"} -> ${will ?? "unset"}`;
}

function password({ id, host }: Instance, file: string, name: string): RedishaError {
  return new RedishaError({
    code: "RESTART_PASSWORD_PENDING",
    message: `${id} goes by another ${name} than ${file} says: after a restart it and the others would refuse each other.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: ["change passwords without a restart: redisha rotate", `or on ${host.name}: put ${name} in ${file} right`],
  });
}
