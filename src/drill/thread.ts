/** The thread that a drill is measured in: started by `Drill.start` with its settings, told what to do by messages. */
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { type ErrorFacts, messageOf, RedishaError } from "../core/errors.ts";
import { scrubber } from "../core/scrub.ts";
import { formatExactDuration } from "../core/units.ts";
import { Measuring } from "./measuring.ts";
import type { Answer, FromThread, Request, RequestName, ToThread } from "./messages.ts";
import { type Handlers, handlersOf, removeKeys } from "./requests.ts";
import type { DrillSettings } from "./settings.ts";

/** How long the probes get until each has had an answer. */
const START_MS = 60_000;

/** How long whoever is watched gets to answer for the first time; who is away when a drill begins is not waited for. */
const WATCH_MS = 10_000;

/** How long the keys get to be removed when the drill just ends. */
const CLEAN_MS = 1_500;

if (!parentPort) throw new TypeError("the thread of a drill is started by it");
const parent = parentPort;
const settings: DrillSettings = workerData;
for (const { password } of [settings.auth.data, settings.auth.sentinel]) if (password) scrubber.learn(password);
const tell = (message: FromThread) => parent.postMessage(message);
const measuring = new Measuring(settings, (event) => tell({ kind: "event", event }));
const handlers = handlersOf(measuring);

parent.on("message", (message: ToThread) => {
  if (message.kind === "mark") measuring.mark(message);
  else if (message.kind === "end") void end(message.clean);
  else void answer(message, handlers);
});
measuring.start();
await started();

async function started(): Promise<void> {
  const deadline = measuring.now() + START_MS;
  while (measuring.unanswered().length > 0 || measuring.scene.primaries().length === 0) {
    if (measuring.now() > deadline) return tell({ kind: "failed", error: notStarted(measuring.unanswered()) });
    await sleep(10);
  }
  while (!measuring.watchesAll() && measuring.now() < WATCH_MS) await sleep(10);
  const refusal = measuring.refusal();
  if (refusal) return tell({ kind: "failed", error: notWatched(refusal) });
  measuring.measure();
  tell({ kind: "ready", origin: measuring.origin });
}

async function answer<K extends RequestName>(request: Request<K>, by: Handlers): Promise<void> {
  const stop = new AbortController();
  request.port.once("close", () => stop.abort());
  let reply: Answer<K>;
  try {
    reply = { ok: true, value: await by[request.ask](request.with, stop.signal) };
  } catch (error) {
    reply = { ok: false, error: factsOf(error) };
  }
  request.port.postMessage(reply);
}

async function end(clean: boolean): Promise<void> {
  if (clean) await Promise.race([removeKeys(measuring).catch(() => undefined), sleep(CLEAN_MS)]);
  await measuring.close();
  process.exit();
}

function notStarted(missing: readonly string[]): ErrorFacts {
  return {
    code: "DRILL_START_FAILED",
    message: `The drill did not start: within ${formatExactDuration(START_MS)} ${missing.length === 0 ? "no primary was seen" : `these probes had no answer: ${missing.join(", ")}`}.`,
    state: "no fault was caused; keys that were written are removed, or expire",
    next: ["redisha status", "where answers take long, raise answer_timeout of drill.start"],
  };
}

function notWatched(refusal: RedishaError): ErrorFacts {
  const state = "no fault was caused; keys that were written are removed, or expire";
  return { ...factsOf(refusal), code: "DRILL_NOT_PERMITTED", state };
}

function factsOf(error: unknown): ErrorFacts {
  if (!(error instanceof RedishaError)) return { code: "DRILL_BROKEN", message: messageOf(error) };
  const { code, message, exit, host, state, next } = error;
  return {
    code,
    message,
    exit,
    next,
    ...(host === undefined ? {} : { host }),
    ...(state === undefined ? {} : { state }),
  };
}
