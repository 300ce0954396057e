import { setTimeout as sleep } from "node:timers/promises";
import { RedisReplyError } from "../../connect/redis/reply-error.ts";
import type { RedisConnection } from "../../connect/types.ts";
import type { Addresses } from "../addresses.ts";
import type { Dialer, Limits } from "../dialer.ts";
import type { ClusterSample, RoleSample } from "../recording.ts";
import { type Look, look, SILENCE } from "./look.ts";

/** Between two attempts to reach an instance that is away. */
const AGAIN_MS = 30;

interface WatchOptions {
  readonly instance: string;
  readonly dialer: Dialer;
  readonly addresses: Addresses;
  readonly inCluster: boolean;
  readonly limits: Limits;
  readonly pollMs: number;
  readonly now: () => number;
  /** Somebody has paused writes there. */
  readonly isPaused: () => boolean;
  readonly onRole: (sample: RoleSample) => void;
  readonly onCluster: (sample: ClusterSample) => void;
}

/**
 * Looks at one instance again and again, over a connection of its own, and tells what changed. An answer is stamped when
 * it came; silence with the moment of the question that stayed without an answer.
 */
export class InstanceWatch {
  readonly #options: WatchOptions;
  /** It has said what it is asked. */
  answered = false;
  /** The instance answers, but does not say what it is asked. */
  refusal: RedisReplyError | undefined;
  #connection: RedisConnection | undefined;
  #last: RoleSample | undefined;
  readonly #opinions = new Map<string | null, ClusterSample["state"]>();
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { now, pollMs, addresses, inCluster } = this.#options;
    while (!this.#stopping) {
      const asked = now();
      try {
        this.#connection ??= await this.#connect();
        const seen = await look(this.#connection, addresses, inCluster);
        this.answered = true;
        this.#tell(seen, now());
        await sleep(Math.max(1, asked + pollMs - now()));
      } catch (error) {
        if (error instanceof RedisReplyError) this.refusal = error;
        this.#connection?.close();
        this.#connection = undefined;
        if (this.#stopping) return;
        this.#tell(SILENCE, asked);
        await sleep(AGAIN_MS);
      }
    }
    this.#connection?.close();
  }

  async #connect(): Promise<RedisConnection> {
    const { dialer, instance, limits } = this.#options;
    return dialer.open(instance, limits);
  }

  #tell({ role, cluster }: Look, at: number): void {
    const { instance, isPaused, onRole, onCluster } = this.#options;
    const sample: RoleSample = { at, instance, ...role, writable: role.writable && !isPaused() };
    if (!this.#last || differs(this.#last, sample)) {
      this.#last = sample;
      onRole(sample);
    }
    for (const { about, state } of cluster) {
      if ((this.#opinions.get(about) ?? "ok") === state) continue;
      this.#opinions.set(about, state);
      onCluster({ at, instance, about, state });
    }
  }
}

function differs(a: RoleSample, b: RoleSample): boolean {
  return (
    a.answers !== b.answers ||
    a.role !== b.role ||
    a.link_up !== b.link_up ||
    a.follows !== b.follows ||
    a.sync_full !== b.sync_full ||
    a.sync_partial_ok !== b.sync_partial_ok ||
    a.writable !== b.writable
  );
}
