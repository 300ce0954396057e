import { createHash } from "node:crypto";
import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { differenceSchema } from "../../init/comparison-schema.ts";
import type { Difference } from "../../init/differences.ts";
import { type DesiredExporters, desiredExporters, type ExporterFile } from "../../init/exporter-files.ts";
import { EXPORTER } from "../../render/exporter.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { lookAtFile } from "../file/host-file.ts";
import { hostOf } from "../needs.ts";
import { asRoot } from "../os/as-root.ts";

const unitSchema = z
  .strictObject({
    unit: z.string(),
    enabled: z.boolean().describe("Starts when its host boots"),
    active: z.boolean(),
    stale: z.boolean().describe("Files that it reads when it starts are newer than it"),
  })
  .nullable();
type Unit = NonNullable<z.infer<typeof unitSchema>>;

const exporterComparisonSchema = z.strictObject({
  packages: z.array(z.string()).describe("Packages that are to be installed"),
  user: z.string().nullable().describe("System user that is to be made, unless the package brings it"),
  files: z.array(z.string()).describe("Paths of files that are to be put"),
  servers: unitSchema.describe("The unit that asks servers; null where this host is to have none"),
  sentinels: unitSchema.describe("The unit that asks Sentinels"),
  differences: z.array(differenceSchema).describe("All of it, for people"),
});

const NOTHING = { packages: [], user: null, files: [], servers: null, sentinels: null, differences: [] };

/** `$1` its program, `$2` a package that brings it or nothing, `$3` a user. A line of yes or no each. */
const LOOK = `
[ -x "$1" ] && echo yes || echo no
[ -z "$2" ] || dpkg-query -W -f '\${db:Status-Abbrev}' "$2" 2>/dev/null | grep -q '^ii' && echo yes || echo no
id -u -- "$3" >/dev/null 2>&1 && echo yes || echo no`;

/** `$1` a unit, then the files that it reads. A line of yes or no each: enabled, active, older than one of the files. */
const LOOK_AT_UNIT = `
unit=$1; shift
systemctl is-enabled -- "$unit" 2>/dev/null | grep -qx enabled && echo yes || echo no
systemctl is-active --quiet -- "$unit" && echo yes || echo no
started=$(date -d "$(systemctl show -P ExecMainStartTimestamp -- "$unit")" +%s 2>/dev/null || echo 0)
stale=no
for file; do [ "$(stat -c %Z -- "$file" 2>/dev/null || echo 0)" -le "$started" ] || stale=yes; done
echo "$stale"`;

/** Holds the exporters of a host against what redisha.yaml declares. */
export const exporterCompare = defineAction({
  name: "exporter.compare",
  summary: "Holds redis_exporter of each targeted host, its package, units, files and state, against what is declared",
  scope: "host",
  effect: "read",
  input: z.strictObject({
    strict: z
      .boolean()
      .default(false)
      .describe("A file with the previous password of a login that is being changed is not as wanted"),
    runnable: z
      .boolean()
      .default(false)
      .describe("Fail with EXPORTER_NO_PROGRAM where the program that is declared is not there for everybody to run"),
  }),
  output: exporterComparisonSchema,
  example: `- id: look
  action: exporter.compare
  targets: { role: any, per: host }
  with: {}`,
  commands: () => [{ transport: "script", text: "look at redis_exporter, its units and files" }],
  async run({ strict, runnable }, context) {
    const wanted = await desiredExporters(hostOf(context), context.deployment, strict);
    if (!wanted) return { outputs: NOTHING, changed: false };
    const { program, user } = wanted.place;
    const brought = context.deployment.exporter?.program === undefined ? EXPORTER.package : "";
    const [runs, installed, known] = await answers(LOOK, [program, brought, user], context);
    const missing = brought === "" && !runs;
    if (missing && runnable) throw noProgram(hostOf(context).name, program);
    const packages = brought !== "" && !installed ? [brought] : [];
    const files = await Promise.all(wanted.files.map((file) => compareFile(file, context)));
    const [servers = null, sentinels = null] = await Promise.all(
      wanted.units.map(({ name }) => lookAt(name, wanted, context)),
    );
    const differences = [
      ...(missing ? [{ name: program, was: null, will: "a program that everybody may run" }] : []),
      ...packages.map((name) => ({ name: `package ${name}`, was: null, will: "installed" })),
      ...(known || packages.length > 0 ? [] : [{ name: `user ${user}`, was: null, will: "a system user" }]),
      ...files.flat(),
      ...[servers, sentinels].flatMap((unit) => (unit ? unitDifferences(unit) : [])),
    ];
    const outputs = {
      ...{ packages, user: known ? null : user, servers, sentinels, differences },
      files: files.flat().map(({ name }) => name),
    };
    return { outputs, changed: false };
  },
});

function noProgram(host: string, program: string): RedishaError {
  return new RedishaError({
    code: "EXPORTER_NO_PROGRAM",
    message: `${program}, which monitoring.exporter.program names, is not there on ${host}, or not for everybody to run.`,
    host,
    exit: EXIT.gateRefused,
    state: "no exporter was touched",
    next: [`put redis_exporter at ${program} on ${host}`, "leave `program` out, to have Debian's package"],
  });
}

async function compareFile(file: ExporterFile, context: ActionContext): Promise<Difference[]> {
  const { path, owner, mode, contents } = file;
  const found = await lookAtFile(await context.shell(hostOf(context)), path, context.signal);
  const will = `${owner} ${mode}`;
  if (!found) return [{ name: path, was: null, will }];
  const same = contents.some((content) => createHash("sha256").update(content).digest("hex") === found.sha256);
  const was = `${found.owner} ${found.mode}${same ? "" : ", other content"}`;
  return was === will ? [] : [{ name: path, was, will }];
}

async function lookAt(name: string, { files }: DesiredExporters, context: ActionContext): Promise<Unit> {
  const unit = `${name}.service`;
  // The password of the other unit is none of its business.
  const reads = files
    .map(({ path }) => path)
    .filter((path) => !/\.(service|password)$/.test(path) || path.includes(`/${name}.`));
  const [enabled = false, active = false, stale = false] = await answers(LOOK_AT_UNIT, [unit, ...reads], context);
  return { unit, enabled, active, stale: active && stale };
}

function unitDifferences({ unit, enabled, active, stale }: Unit): Difference[] {
  const words = (...said: readonly string[]) => said.join(", ");
  if (enabled && active && !stale) return [];
  const now = words(
    enabled ? "enabled" : "disabled",
    active ? "active" : "inactive",
    ...(stale ? ["older than its files"] : []),
  );
  return [{ name: unit, was: now, will: words("enabled", "active") }];
}

async function answers(script: string, args: readonly string[], context: ActionContext): Promise<boolean[]> {
  const failure = {
    code: "EXPORTER_NOT_READ",
    what: "redis_exporter cannot be looked at",
    state: "nothing was changed",
  };
  const said = await asRoot(context, script, args, failure);
  return said
    .trim()
    .split("\n")
    .map((line) => line === "yes");
}
