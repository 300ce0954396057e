import { z } from "zod";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { type LogFacts, logFactsSchema } from "../../doctor/facts.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";
import { describeService } from "../service/describe.ts";
import { locateStopped } from "../service/locate.ts";
import { brieflyOnHostOf } from "../service/shell.ts";
import { readLog } from "./log-text.ts";

/** Below what is kept of a command's output. */
const MOST_BYTES = 900_000;

/**
 * `$1` file or unit, `$2` which, `$3` how many seconds back, `$4` bytes at most. Times in a file are the host's own: by which
 * zone stands in the first line.
 */
const READ = `
date +%z
case $1 in
  file) tail -c "$4" -- "$2" ;;
  unit) journalctl -u "$2" --since "-$3 seconds" -o short-unix --no-pager -q 2>/dev/null | tail -c "$4" ;;
esac`;

/** `$1` a configuration file. */
const LOGFILE = `sed -n 's/^[[:space:]]*logfile[[:space:]]*//Ip' -- "$1" | tail -n 1 | tr -d "\\"'"`;

const failure = { code: "LOG_NOT_READ", what: "the log cannot be read", state: "nothing was changed" };

/** Reads the log of a server on its host. Where that cannot be done, this is a fact, and no failure. */
export const doctorLog = defineAction({
  name: "doctor.log",
  summary:
    "Reads the end of the log of each targeted instance on its host: its logfile, what its standard output goes to, or the journal of its unit",
  scope: "instance",
  effect: "read",
  input: z.strictObject({
    within: durationSchema.describe("How far back"),
    most_bytes: z.int().min(1).max(MOST_BYTES).default(MOST_BYTES).describe("Bytes of the log at most"),
  }),
  output: logFactsSchema,
  example: `- id: logs
  action: doctor.log
  targets: { role: any }
  with: { within: 15m }`,
  commands: () => [{ transport: "script", text: "tail of its logfile, or journalctl -u UNIT --since" }],
  async run({ within, most_bytes }, context) {
    const instance = instanceOf(context);
    try {
      const outputs = await read(instance, within, most_bytes, context);
      return { outputs, changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { read: false, why: messageOf(error), source: null, lines: [] }, changed: false };
    }
  },
});

interface Place {
  readonly kind: "file" | "unit";
  readonly name: string;
}

async function read(instance: Instance, withinMs: number, bytes: number, context: ActionContext): Promise<LogFacts> {
  const seconds = Math.ceil(withinMs / 1_000);
  const places = await placesOf(instance, context);
  const parts = await Promise.all(
    places.map(async ({ kind, name }) => {
      const args = [kind, name, String(seconds), String(bytes)];
      const said = await brieflyOnHostOf(instance, context, READ, args, failure);
      const end = said.indexOf("\n");
      return readLog(said.slice(end + 1), { sinceMs: Date.now() - withinMs, zone: said.slice(0, end).trim() });
    }),
  );
  const lines = parts.flat().sort((a, b) => (a.last_at ?? "").localeCompare(b.last_at ?? ""));
  const source = places.map(({ kind, name }) => (kind === "file" ? name : `journalctl -u ${name}`)).join(", ");
  return { read: true, why: null, source, lines };
}

async function placesOf(instance: Instance, context: ActionContext): Promise<Place[]> {
  const running = await whereItRuns(instance, context);
  const { logfile, unit, stdout, directory } = running ?? (await whereItWouldRun(instance, context));
  const file = logfile === "" ? stdout : logfile.startsWith("/") ? logfile : `${directory}/${logfile}`;
  const places: Place[] = [
    ...(file === "/dev/null" ? [] : [{ kind: "file" as const, name: file }]),
    // Of one that is down, systemd knows how it ended; of one that does not start, only its standard error tells why.
    ...(unit !== null && (file === "/dev/null" || !running) ? [{ kind: "unit" as const, name: unit }] : []),
  ];
  if (places.length > 0) return places;
  throw new RedishaError({
    code: "LOG_NOWHERE",
    message: `${instance.id} writes its log nowhere: no logfile, no unit, and its standard output goes nowhere`,
    host: instance.id,
    next: ["set logfile under redis.config in redisha.yaml: redisha init"],
  });
}

interface Whereabouts {
  readonly logfile: string;
  readonly unit: string | null;
  readonly stdout: string;
  readonly directory: string;
}

/** Undefined where the server does not answer. */
async function whereItRuns(instance: Instance, context: ActionContext): Promise<Whereabouts | undefined> {
  const redis = await context.redis(instance).catch(() => undefined);
  if (!redis) return undefined;
  const service = await describeService(instance, context);
  if (instance.kind === "data") {
    const { logfile = "" } = await readDirectives(redis, ["logfile"]);
    return { ...service, logfile };
  }
  // A Sentinel tells no directive of its own.
  const file = service.config_file;
  const logfile = file === "" ? "" : (await brieflyOnHostOf(instance, context, LOGFILE, [file], failure)).trim();
  return { ...service, logfile };
}

/** Of a server that is down, what its unit starts. */
async function whereItWouldRun(instance: Instance, context: ActionContext): Promise<Whereabouts> {
  const { service, directives } = await locateStopped(instance, undefined, context);
  const logfile = directives.findLast(({ name }) => name === "logfile")?.values.join(" ") ?? "";
  return { ...service, logfile };
}
