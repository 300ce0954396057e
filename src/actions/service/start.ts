import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownPort } from "../../inventory/ports.ts";
import { intField, parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { agreeShards } from "./agree-shards.ts";
import { FIND_OTHERS, type Service, serviceSchema } from "./descriptor.ts";
import { lastWords } from "./last-words.ts";
import { brieflyOnHostOf, rootOn } from "./shell.ts";

const POLL_MS = 100;

/** A server listens before it loads: one that runs so long and does not listen is not where it is looked for. */
const LISTEN_MS = 120_000;

/** One that its unit has started so often since, and that never answered, does not come up. */
const RESTARTS = 3;

/** systemd counts loading as starting (Type=notify) and would end a server that loads for longer than 90 seconds. */
const DROP_IN = "50-redisha-patience.conf";

const START_UNIT = `
set -e
d=/run/systemd/system/$1.d
mkdir -p "$d"
printf '[Service]\\nTimeoutStartSec=infinity\\n' >"$d/${DROP_IN}"
systemctl daemon-reload
systemctl reset-failed -- "$1" 2>/dev/null || true
systemctl start --no-block -- "$1"`;

const FORGET_DROP_IN = `
rm -f "/run/systemd/system/$1.d/${DROP_IN}"
rmdir "/run/systemd/system/$1.d" 2>/dev/null || true
systemctl daemon-reload`;

/** `$1` the unit. */
const UNIT_STATE = `systemctl show -p ActiveState --value -- "$1"`;

/** `$1` the unit. Prints its state and how often systemd has started it again: \`reset-failed\` counts from nought. */
const UNIT_LOOK = `
systemctl show -p ActiveState --value -- "$1"
systemctl show -p NRestarts --value -- "$1"`;

/** `$1` the unit. */
const STOP_UNIT = `systemctl stop -- "$1"`;

/** `$1` user, `$2` folder, `$3` stdout, `$4` stderr, `$5` limit of open files, then the command. Prints its pid. */
const START_PROCESS = `
user=$1 dir=$2 out=$3 err=$4 files=$5
shift 5
cd -- "$dir" || exit 1
ulimit -Sn "$files" 2>/dev/null || true
if [ "$(id -un)" != "$user" ]; then set -- runuser -u "$user" -- "$@"; fi
setsid "$@" >>"$out" 2>>"$err" </dev/null &
echo $!`;

/** `$1` pid. A process that has ended and was not reaped is gone, too. */
const PROCESS_STATE = `
case $(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1) in ''|Z) echo inactive ;; *) echo active ;; esac`;

const ANSWER_MS = 10_000;
const FORGET_MS = 30_000;

const FOR_GOOD = /^REDIS_(WRONGPASS|NOAUTH|NOPERM|DENIED|AUTH_NOT_SET|NOT_REDIS|NAME_NOT_FOUND|TLS_.*)$/;

const OTHERS = `${FIND_OTHERS}
others "$1" "$2" "$3"`;

/** Starts a server in the way that it was run before, and waits until it has loaded its data. */
export const serviceStart = defineAction({
  name: "service.start",
  summary:
    "Starts the server as it was run before: its systemd unit, or the same program, user, folder and configuration file; done when its data is loaded",
  scope: "instance",
  effect: "change",
  leaves: "started",
  input: z.strictObject({
    service: serviceSchema.nullable().describe("How it was run; null where it was not, and nothing is to be started"),
    within: durationSchema.default(3_600_000).describe("Time for loading its data"),
  }),
  output: z.strictObject({ process_id: z.int().nullable() }),
  example: `- id: start
  action: service.start
  targets: { role: data }
  with: { service: "\${{ steps.stop.hosts[host.id].outputs.service }}" }
  undo: { action: service.stop, with: {} }`,
  commands: ({ service }) => [
    {
      transport: "exec",
      text: service?.unit
        ? `systemctl start ${service.unit}`
        : service
          ? `runuser -u ${service.user} -- ${service.program} ${service.config_file}`
          : "nothing: it did not run",
    },
  ],
  takesMs: ({ within }) => within + 60_000,
  async run({ service, within }, context) {
    const instance = instanceOf(context);
    if (!service) return { outputs: { process_id: null }, changed: false };
    if (await isAnswering(instance, context))
      return { outputs: { process_id: await untilLoaded(instance, service, null, within, context) }, changed: false };
    await agreeShards(instance, service, context);
    const pid = service.unit
      ? await startUnit(instance, service.unit, context)
      : await startProcess(instance, service, context);
    try {
      return { outputs: { process_id: await untilLoaded(instance, service, pid, within, context) }, changed: true };
    } finally {
      if (service.unit) await forgetDropIn(instance, service.unit, context);
    }
  },
  /** One that was cut off may have left a server that does not listen yet: it counts, so that going back stops it. */
  async probe({ service }, context) {
    const instance = instanceOf(context);
    if (service === null || (await isAnswering(instance, context))) return true;
    const { unit, directory, program, stdout } = service;
    const args = unit ? [unit] : [directory, program, stdout];
    const said = await brieflyOnHostOf(instance, context, unit ? UNIT_STATE : OTHERS, args, notStarted(instance));
    return unit ? !/^(inactive|failed)$/.test(said.trim()) : said.trim() !== "";
  },
});

async function startUnit(instance: Instance, unit: string, context: ActionContext): Promise<null> {
  await brieflyOnHostOf(instance, context, START_UNIT, [unit], notStarted(instance));
  return null;
}

async function forgetDropIn(instance: Instance, unit: string, context: ActionContext): Promise<void> {
  const shell = await context.shell(instance.host);
  const how = { become: rootOn(instance.host), timeoutMs: FORGET_MS };
  await shell.script(FORGET_DROP_IN, [unit], how).catch(() => undefined);
}

async function startProcess(instance: Instance, service: Service, context: ActionContext): Promise<number> {
  const { user, directory, stdout, stderr, open_files, program, config_file, sentinel } = service;
  if (config_file === "") throw noConfigFile(instance);
  const command = [program, config_file, ...(sentinel ? ["--sentinel"] : [])];
  const args = [user, directory, stdout, stderr, open_files, ...command];
  return Number(await brieflyOnHostOf(instance, context, START_PROCESS, args, notStarted(instance)));
}

/** What the server says of itself, also while it loads, or why it says nothing. */
type Answer = { readonly info: Record<string, string> } | { readonly why: unknown };

async function ask(instance: Instance, context: ActionContext): Promise<Answer> {
  context.forgetFailures();
  try {
    const redis = await context.redis(instance);
    const sections = ["server", "persistence"].map((section) => ["INFO", section]);
    const said = await redis.pipeline(sections, { signal: context.signal, timeoutMs: ANSWER_MS });
    const silent = said.find((each) => each instanceof Error);
    if (silent === undefined) return { info: parseInfo(said.join("\n")) };
    // One that hangs would be asked again and again, while the server that was started takes new ones.
    redis.close();
    return { why: silent };
  } catch (why) {
    context.signal.throwIfAborted();
    return { why };
  }
}

async function isAnswering(instance: Instance, context: ActionContext): Promise<boolean> {
  return "info" in (await ask(instance, context));
}

/**
 * Fails with SERVICE_DIED as soon as the process is gone, whatever its status: one that lacks a module ends with 0; with
 * SERVICE_SILENT where it runs and does not listen; as the connection does where it answers, but not to us.
 */
async function untilLoaded(
  instance: Instance,
  service: Service,
  pid: number | null,
  within: number,
  context: ActionContext,
): Promise<number | null> {
  const began = Date.now();
  for (;;) {
    const answer = await ask(instance, context);
    const waited = Date.now() - began;
    if ("info" in answer) {
      // A Sentinel loads nothing, and says nothing of it.
      if (instance.kind === "sentinel" || answer.info.loading === "0") return intField(answer.info, "process_id");
      tellLoading(answer.info, context);
    } else {
      await refuseDead(instance, service, pid, context);
      refuseForGood(instance, answer.why, waited);
      context.progress(`waiting until it answers: ${messageOf(answer.why)}`);
    }
    if (waited > within) throw tooSlow(instance, within);
    await sleep(POLL_MS, context.signal);
  }
}

/** What more time does not change: a password that it does not take, a port that it was not given. */
function refuseForGood(instance: Instance, why: unknown, waited: number): void {
  if (!(why instanceof RedishaError)) return;
  if (FOR_GOOD.test(why.code)) throw why;
  if (why.code === "REDIS_REFUSED" && waited > LISTEN_MS) throw notListening(instance, waited);
}

function tellLoading(info: Record<string, string>, context: ActionContext): void {
  const done = intField(info, "loading_loaded_bytes") ?? 0;
  const total = intField(info, "loading_total_bytes") ?? 0;
  const left = intField(info, "loading_eta_seconds");
  context.progress(`loading${left === null ? "" : `, ${left} s left`}`, {
    done,
    ...(total > 0 ? { total } : {}),
    unit: "bytes",
  });
}

async function refuseDead(instance: Instance, service: Service, pid: number | null, context: ActionContext) {
  const { unit } = service;
  if (unit === null && pid === null) return;
  const look = unit ? UNIT_LOOK : PROCESS_STATE;
  const said = await brieflyOnHostOf(instance, context, look, [unit ?? String(pid)], notStarted(instance));
  const [state = "", restarts = "0"] = said.trim().split("\n");
  const again = Number(restarts) >= RESTARTS;
  if (state !== "failed" && state !== "inactive" && !again) return;
  // One that never answered is of no use, and systemd would start it for ever.
  if (unit && again) await brieflyOnHostOf(instance, context, STOP_UNIT, [unit], notStarted(instance));
  throw new RedishaError({
    code: "SERVICE_DIED",
    message: `${instance.id} was started and ended ${again ? `again and again (${restarts} restarts)` : "at once"}: ${await lastWords(instance, service, context)}`,
    host: instance.id,
    state: again ? `${unit} was stopped, so that systemd does not start it for ever` : "it does not run",
    next: [`on ${instance.host.name}: ${unit ? `journalctl -u ${unit} -n 50` : `look at its log`}`],
  });
}

function notStarted({ id }: Instance) {
  return { code: "SERVICE_NOT_STARTED", what: `${id} could not be started`, state: "it does not run" };
}

function noConfigFile({ id }: Instance): RedishaError {
  return new RedishaError({
    code: "SERVICE_NO_CONFIG",
    message: `${id} was started without a configuration file: nobody knows how to start it the same way again.`,
    host: id,
    state: "it does not run",
    next: ["start it as it was started before"],
  });
}

function notListening(instance: Instance, waited: number): RedishaError {
  const { id, host } = instance;
  const port = ownPort(instance);
  return new RedishaError({
    code: "SERVICE_SILENT",
    message: `${id} runs, but nothing listens on port ${port} of ${host.name} after ${Math.round(waited / 1000)} s.`,
    host: id,
    state: "it runs, perhaps on another port or address",
    next: [`on ${host.name}: ss -ltnp`, "compare `port` and `bind` of its configuration file with redisha.yaml"],
  });
}

function tooSlow({ id }: Instance, within: number): RedishaError {
  return new RedishaError({
    code: "SERVICE_LOADING",
    message: `${id} has not loaded its data after ${within / 1000} s.`,
    host: id,
    state: "it runs and may still be loading",
    next: [`redis-cli INFO persistence on ${id}`],
  });
}
