import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownEndpoint, ownPort } from "../../inventory/ports.ts";
import { field, intField, parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { describeService } from "./describe.ts";
import { FIND_OTHERS, type Service, serviceSchema } from "./descriptor.ts";
import { lastWords } from "./last-words.ts";
import { brieflyOnHostOf } from "./shell.ts";

const POLL_MS = 100;
const FORWARD_MS = 5_000;

/** A server that is asked to end stops answering, or says how long it waits for its replicas. */
const REFUSED_MS = 20_000;
const ASK_EVERY_MS = 5_000;

/**
 * `$1` unit. `Restart=always` does not bring back what systemctl stopped. One that did not end when it was asked before is not
 * asked again by that.
 */
const STOP_UNIT = `
state=$(systemctl show -p ActiveState --value -- "$1")
systemctl stop --no-block -- "$1"
[ "$state" != deactivating ] || systemctl kill -s TERM --kill-who=main -- "$1"`;

/** `$1` pid, `$2` its start time: never a process that has taken over the number; then folder, program and log. */
const STOP_PROCESS = `${FIND_OTHERS}
[ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '{ print $20 }')" = "$2" ] && kill -TERM "$1"
for pid in $(others "$3" "$4" "$5"); do [ "$pid" = "$1" ] || kill -TERM "$pid"; done
true`;

/** `$1` pid, `$2` start time, `$3` unit or `-`, then as above. Prints `gone` once the process is, and systemd agrees. */
const LOOK = `${FIND_OTHERS}
now=$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" { print $20 }')
[ "$now" = "$2" ] && { echo running; exit 0; }
[ "$3" = - ] && { if [ -n "$(others "$4" "$5" "$6")" ]; then echo running; else echo gone; fi; exit 0; }
case $(systemctl show -p ActiveState --value -- "$3") in inactive|failed) echo gone ;; *) echo running ;; esac`;

/** Stops a server for good, whoever runs it, and proves it. */
export const serviceStop = defineAction({
  name: "service.stop",
  summary:
    "Stops the server through systemd, or by SIGTERM where no unit runs it; done when its process is gone and its port closed",
  scope: "instance",
  effect: "disruptive",
  leaves: "stopped",
  input: z.strictObject({
    service: serviceSchema
      .nullable()
      .default(null)
      .describe("How it is run, where it may not be able to tell any more: steps.<id>.outputs.service"),
    within: durationSchema.default(600_000).describe("A server that saves first takes as long as its disk does"),
  }),
  output: z.strictObject({ service: serviceSchema.nullable().describe("How it was run: for service.start") }),
  example: `- id: stop
  action: service.stop
  targets: { role: replica }
  with: {}
  undo: { action: service.start, with: { service: "\${{ before.service }}" } }`,
  commands: ({ service }) => [
    {
      transport: "exec",
      text: service?.unit ? `systemctl stop ${service.unit}` : "systemctl stop UNIT, or kill -TERM PID",
    },
  ],
  takesMs: ({ within }) => within + 60_000,
  async before({ service }, context) {
    const current = await currentService(instanceOf(context), service, context);
    // One that did not run when it was looked at is not to be started by going back.
    return { service: current?.pid === 0 ? null : current };
  },
  async run({ service: known, within }, context) {
    const instance = instanceOf(context);
    const service = await currentService(instance, known, context);
    if (!service || (await isGone(instance, service, context))) {
      await untilClosed(instance, context, Date.now() + within);
      return { outputs: { service }, changed: false };
    }
    const failure = { code: "SERVICE_NOT_STOPPED", what: `${instance.id} could not be stopped`, state: "it runs" };
    if (service.unit) await brieflyOnHostOf(instance, context, STOP_UNIT, [service.unit], failure);
    else
      await brieflyOnHostOf(
        instance,
        context,
        STOP_PROCESS,
        [String(service.pid), service.started, ...placeOf(service)],
        failure,
      );
    const deadline = Date.now() + within;
    let askAt = Date.now() + REFUSED_MS;
    while (!(await isGone(instance, service, context))) {
      if (Date.now() > deadline) throw stillThere(instance, service, within);
      if (Date.now() > askAt) {
        if (await goesOn(instance, service, context))
          throw refused(instance, service, await lastWords(instance, service, context));
        askAt = Date.now() + ASK_EVERY_MS;
      }
      context.progress("waiting until its process is gone");
      await sleep(POLL_MS, context.signal);
    }
    await untilClosed(instance, context, deadline);
    return { outputs: { service }, changed: true };
  },
  async probe(_input, context, before) {
    const service = serviceSchema.nullable().parse(before.service ?? null);
    if (!service) return false;
    return isGone(instanceOf(context), service, context);
  },
});

/** As it runs now; where it does not answer, as it was known to run. */
async function currentService(
  instance: Instance,
  known: Service | null,
  context: ActionContext,
): Promise<Service | null> {
  context.forgetFailures();
  try {
    return await describeService(instance, context);
  } catch (error) {
    if (known) return known;
    // A server that refuses connections is not running: there is nothing to stop.
    if (error instanceof RedishaError && error.code === "REDIS_REFUSED") return null;
    throw error;
  }
}

/** Whether it serves on as if nothing had been asked: it could not save its data, and then a server does not end. */
async function goesOn(instance: Instance, { pid }: Service, context: ActionContext): Promise<boolean> {
  context.forgetFailures();
  const redis = await context.redis(instance).catch(() => undefined);
  const said = await redis?.command(["INFO", "server"], { signal: context.signal }).catch(() => undefined);
  const info = parseInfo(typeof said === "string" ? said : "");
  return intField(info, "process_id") === pid && field(info, "shutdown_in_milliseconds") === null;
}

async function isGone(instance: Instance, service: Service, context: ActionContext): Promise<boolean> {
  const { pid, started, unit } = service;
  const failure = { code: "SERVICE_UNKNOWN", what: `${instance.id} cannot be looked at`, state: "it may run" };
  return (
    (
      await brieflyOnHostOf(instance, context, LOOK, [String(pid), started, unit ?? "-", ...placeOf(service)], failure)
    ).trim() === "gone"
  );
}

function placeOf({ directory, program, stdout }: Service): string[] {
  return [directory, program, stdout];
}

/** Another process may listen on the port, or something has started the server again. */
async function untilClosed(instance: Instance, context: ActionContext, deadline: number): Promise<void> {
  const shell = await context.shell(instance.host);
  // Behind the address for others something else may listen that passes connections on.
  const { address, port } = ownEndpoint(instance);
  for (;;) {
    // Where nobody answers at all, nothing listens either: a firewall that drops would be asked for minutes.
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(FORWARD_MS)]);
    const stream = await shell.forward(address, port, signal).catch(() => undefined);
    context.signal.throwIfAborted();
    if (!stream) return;
    stream.on("error", () => undefined).destroy();
    if (Date.now() > deadline) throw portOpen(instance);
    context.progress(`waiting until nothing listens on port ${port} any more`);
    await sleep(POLL_MS, context.signal);
  }
}

function refused({ id, host }: Instance, { directory }: Service, why: string): RedishaError {
  return new RedishaError({
    code: "SERVICE_WILL_NOT_STOP",
    message: `${id} was asked to end, and goes on: a server that cannot save its data does not end. ${why}`,
    host: id,
    state: "it runs and serves; nothing was lost, and it ends as soon as it is asked again and can save",
    next: [`on ${host.name}: df -h ${directory}, and make room`],
  });
}

function stillThere({ id, host }: Instance, { pid, unit }: Service, within: number): RedishaError {
  return new RedishaError({
    code: "SERVICE_NOT_STOPPED",
    message: `${id} was told to stop and still runs after ${within / 1000} s (pid ${pid}). A server that cannot save does not stop.`,
    host: id,
    state: "it runs, and may still stop",
    next: [`on ${host.name}: ${unit ? `journalctl -u ${unit} -n 20` : `ps -fp ${pid}`}`, `on ${host.name}: df -h`],
  });
}

function portOpen(instance: Instance): RedishaError {
  const { id, host } = instance;
  const port = ownPort(instance);
  return new RedishaError({
    code: "SERVICE_CAME_BACK",
    message: `The process of ${id} is gone, but something listens on port ${port} of ${host.name}.`,
    host: id,
    state: "its data was not touched",
    next: [`on ${host.name}: ss -ltnp 'sport = :${port}'`],
  });
}
