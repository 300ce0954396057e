import { typedOver } from "../../connect/by-hand.ts";
import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { formatDuration } from "../../core/units.ts";
import { redisCliOf, shellOf } from "../../inventory/by-hand.ts";
import type { Deployment, Instance } from "../../inventory/model.ts";
import type { Observation, Reach } from "../../topology/observation.ts";
import { Answers } from "./answers.ts";
import { askDataNode } from "./data.ts";
import { askSentinel } from "./sentinel.ts";

/** What an observation needs to know of the deployment. */
export type ObservedDeployment = Pick<
  Deployment,
  "kind" | "masterName" | "redisVia" | "timeouts" | "auth" | "tls" | "config"
> &
  Partial<Pick<Deployment, "serverTls" | "engine">>;

export interface ObserveOptions {
  /** For connecting and reading together, in milliseconds. Default: the deployment's two limits added up. */
  readonly timeLimitMs?: number;
  /** False for an instance that redisha.yaml does not list. Default true. */
  readonly listed?: boolean;
  /** Directives for CONFIG GET; default OBSERVED_DIRECTIVES. Those that hold a credential are refused. */
  readonly directives?: readonly string[];
}

/**
 * Looks at one instance once. Whatever stands in the way of an answer becomes part of the observation: no connection in
 * `reach`, a refused or unanswered command in `refused`, and what was answered beside it is kept.
 *
 * @param open gives a connection, which stays open: whoever opened it closes it. Its signal aborts, with a reason named
 * TimeoutError, when the time limit is reached.
 * @throws the reason of `signal` as soon as that aborts: a look that was called off says nothing of the instance.
 */
export async function observeInstance(
  instance: Instance,
  deployment: ObservedDeployment,
  open: (signal: AbortSignal) => Promise<RedisConnection>,
  signal: AbortSignal,
  options: ObserveOptions = {},
): Promise<Observation> {
  signal.throwIfAborted();
  const startedAt = performance.now();
  const at = new Date().toISOString();
  const limitMs = options.timeLimitMs ?? deployment.timeouts.connectMs + deployment.timeouts.commandMs;
  const shell = shellOf(instance.host);
  const seen = await look(instance, deployment, open, new Clock(limitMs, signal), options);
  return {
    instance: instance.id,
    kind: instance.kind,
    host: instance.host.name,
    ...(instance.host.zone === undefined ? {} : { zone: instance.host.zone }),
    address: instance.address,
    port: instance.port,
    listed: options.listed ?? true,
    initial_primary: instance.initialPrimary,
    at,
    duration_ms: Math.round((performance.now() - startedAt) * 10) / 10,
    via: wayTo(instance, deployment),
    ...(shell === undefined ? {} : { shell }),
    redis_cli: redisCliOf(instance, deployment),
    refused: [],
    ...seen,
  };
}

async function look(
  instance: Instance,
  deployment: ObservedDeployment,
  open: (signal: AbortSignal) => Promise<RedisConnection>,
  clock: Clock,
  options: ObserveOptions,
): Promise<Partial<Observation> & { reach: Reach }> {
  try {
    const connection = await clock.race(open(clock.signal));
    const answers = new Answers((argvs) =>
      clock.race(connection.pipeline(argvs, { timeoutMs: clock.leftMs(), signal: clock.outer })),
    );
    const answered =
      instance.kind === "sentinel"
        ? await askSentinel(answers, deployment.masterName)
        : await askDataNode(answers, deployment.kind === "cluster", options.directives);
    if (answers.silence) throw answers.silence;
    const shown = connection.certificate;
    const certificate = shown && { not_after: shown.notAfter, authority_not_after: shown.authorityNotAfter ?? null };
    const facts = certificate ? { certificate } : {};
    return { via: connection.via, reach: { ok: true }, ...facts, ...answered, refused: answers.refused };
  } catch (error) {
    clock.outer.throwIfAborted();
    return { reach: unreached(error, instance, clock.limitMs) };
  } finally {
    clock.stop();
  }
}

/** How the instance is to be reached, where no connection came about that could say it. */
function wayTo({ host }: Instance, { redisVia }: ObservedDeployment): Observation["via"] {
  if (host.ssh === "local") return "local";
  return redisVia === "ssh" && host.ssh !== "none" ? "ssh" : "direct";
}

const LOOK = "top -b -n 1  # a stopped (T), stuck (D) or overloaded process";

function unreached(error: unknown, instance: Instance, limitMs: number): Reach {
  if (error instanceof RedishaError) return { ok: false, code: error.code, message: error.message, next: error.next };
  if (!(error instanceof TimeUp)) throw error;
  const shell = shellOf(instance.host);
  return {
    ok: false,
    code: "REDIS_TIMEOUT",
    message: `Nothing came within ${formatDuration(limitMs)}, connecting included.`,
    next: [shell === undefined ? `on ${instance.host.name}: ${LOOK}` : typedOver(shell, LOOK)],
  };
}

/** The time limit was reached, and what was waited for did not end by itself. */
class TimeUp extends Error {}

/** How long connections and commands get to say themselves, after the limit, how far they came. */
const LAST_WORD_MS = 20;

/** The one time limit of a look, and the caller's wish to end it. */
class Clock {
  readonly limitMs: number;
  /** The caller's own. */
  readonly outer: AbortSignal;
  /** Aborts for either. */
  readonly signal: AbortSignal;
  readonly #endsAt: number;
  readonly #ended: Promise<never>;
  readonly #timers: NodeJS.Timeout[] = [];
  #cancel: () => void = () => undefined;

  constructor(limitMs: number, outer: AbortSignal) {
    const limit = new AbortController();
    this.limitMs = limitMs;
    this.outer = outer;
    this.signal = AbortSignal.any([outer, limit.signal]);
    this.#endsAt = performance.now() + limitMs;
    this.#ended = new Promise((_, reject) => {
      this.#cancel = () => reject(outer.reason);
      outer.addEventListener("abort", this.#cancel, { once: true });
      this.#timers.push(
        setTimeout(() => limit.abort(new DOMException("time limit", "TimeoutError")), limitMs),
        setTimeout(() => reject(new TimeUp()), limitMs + LAST_WORD_MS),
      );
    });
    this.#ended.catch(() => undefined);
  }

  /** At least 1: a limit of zero would mean none to a timer. */
  leftMs(): number {
    return Math.max(1, this.#endsAt - performance.now());
  }

  race<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#ended]);
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.outer.removeEventListener("abort", this.#cancel);
  }
}
