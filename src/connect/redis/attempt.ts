import type { Duplex } from "node:stream";
import type { TLSSocket } from "node:tls";
import { orAborted } from "../../core/abort.ts";
import type { RedishaError } from "../../core/errors.ts";
import type { PeerCertificate, RedisConnection } from "../types.ts";
import { clientOver } from "./client.ts";
import { DirectConnection } from "./connection.ts";
import type { Route } from "./endpoint.ts";
import { laterAlert, speaksPlainRedis, speaksTls } from "./probe.ts";
import { RedisReplyError, replyError } from "./reply-error.ts";
import { peerCertificate, startTls, type TlsMaterial, tlsTrouble } from "./tls.ts";
import { openStream, type Wire, watch } from "./transport.ts";
import { cancelled, closedEarly, notRedis, type Phase, tlsExpected, tlsNotSpoken, tooLate } from "./trouble.ts";

/** Under this name operators find the connection in CLIENT LIST. */
const CLIENT_NAME = "redisha";

/** One attempt to connect: its time limit, how far it got, and what it opened. */
export class Attempt {
  readonly #route: Route;
  readonly #last: boolean;
  readonly #material: TlsMaterial | undefined;
  readonly #outer: AbortSignal | undefined;
  readonly #signal: AbortSignal;
  readonly #limit = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #startedAt = performance.now();
  #phase: Phase = "tcp";
  readonly #opened: Duplex[] = [];
  #certificate: PeerCertificate | undefined;

  /** The `last` one finds out why the server closes, which takes another connection and its time. */
  constructor(route: Route, material: TlsMaterial | undefined, outer: AbortSignal | undefined, last: boolean) {
    this.#route = route;
    this.#last = last;
    this.#material = material;
    this.#outer = outer;
    this.#signal = outer ? AbortSignal.any([outer, this.#limit.signal]) : this.#limit.signal;
    this.#timer = setTimeout(() => this.#limit.abort(), route.target.connectTimeoutMs);
  }

  async run(via: RedisConnection["via"], password: string | undefined): Promise<DirectConnection> {
    const raw = await this.#unlessLate(this.#open());
    const stream = this.#material ? await this.#secure(raw, this.#material) : raw;
    this.#phase = "login";
    return this.#unlessLate(this.#logIn(via, watch(stream), password));
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  abandon(): void {
    for (const stream of this.#opened) stream.destroy();
  }

  async #open(): Promise<Duplex> {
    const raw = await openStream(this.#route, this.#signal);
    raw.on("error", () => undefined);
    // It may have come about after the caller was told that it is too late.
    if (this.#signal.aborted) raw.destroy();
    this.#opened.push(raw);
    return raw;
  }

  async #secure(raw: Duplex, material: TlsMaterial): Promise<TLSSocket> {
    this.#phase = "tls";
    const handshake = startTls(this.#route, this.#route.target.tls ?? {}, material, raw);
    const secure = await this.#unlessLate(Promise.race([handshake, this.#plainInstead(handshake)]));
    this.#opened.push(secure);
    this.#certificate = peerCertificate(secure);
    return secure;
  }

  /** Fails early where the server does not answer the handshake because it is a plain Redis that waits for more. */
  async #plainInstead(handshake: Promise<unknown>): Promise<never> {
    const patience = Math.min(1_000, this.#route.target.connectTimeoutMs / 4);
    const done = handshake.then(
      () => true,
      () => true,
    );
    const settled = await Promise.race([done, pause(patience)]);
    if (!settled && (await speaksPlainRedis(this.#route, this.#signal))) throw tlsNotSpoken(this.#route);
    return new Promise<never>(() => undefined);
  }

  async #logIn(via: RedisConnection["via"], wire: Wire, password: string | undefined): Promise<DirectConnection> {
    const client = clientOver(wire.stream);
    await client.connect().catch(() => undefined);
    const connection = new DirectConnection(this.#route, via, wire, client, this.#certificate);
    const login = loginCommand(this.#route.target.auth?.username, password);
    const commands = [...(login ? [login] : []), ["CLIENT", "SETNAME", CLIENT_NAME]];
    const answers = await connection.pipeline(commands, { timeoutMs: this.#route.target.connectTimeoutMs });
    for (const answer of answers) {
      if (answer instanceof RedisReplyError) {
        const ofLogin = login !== undefined && answer === answers[0];
        if (ofLogin || FATAL.has(answer.code))
          throw replyError(this.#route, login ?? ["PING"], answer.reply, "connect");
      } else if (answer instanceof Error) {
        throw await this.#noLogin(wire, answer);
      }
    }
    return connection;
  }

  /** Why the connection ended, or what was said on it that no client understands. */
  async #noLogin(wire: Wire, error: Error): Promise<RedishaError> {
    const first = wire.greeting();
    const cause = wire.error() ?? error;
    const unasked = /^-([A-Z]+ [^\r\n]*)/.exec(first.toString("latin1"))?.[1];
    if (unasked) return replyError(this.#route, ["PING"], unasked, "connect");
    if (first.length > 0 && !/^[+\-:$*]/.test(first.toString("latin1"))) return notRedis(this.#route, first);
    if (!this.#last) return closedEarly(this.#route, cause);
    if (this.#material) {
      const objection = (await laterAlert(this.#route, this.#material, this.#signal)) ?? wire.error();
      return objection ? tlsTrouble(this.#route, objection) : closedEarly(this.#route, cause);
    }
    if (await speaksTls(this.#route, this.#signal)) return tlsExpected(this.#route, cause);
    return closedEarly(this.#route, cause);
  }

  #unlessLate<T>(work: Promise<T>): Promise<T> {
    return orAborted(work, this.#signal, () => this.#late());
  }

  #late(): RedishaError {
    const reason: unknown = this.#outer?.reason;
    const timedOut = reason instanceof Error && reason.name === "TimeoutError";
    if (this.#outer?.aborted && !timedOut) return cancelled(this.#route, reason);
    return tooLate(this.#route, this.#phase, performance.now() - this.#startedAt);
  }
}

/** Errors that no later command would escape; any other refusal of CLIENT SETNAME only leaves the connection nameless. */
const FATAL = new Set(["REDIS_NOAUTH", "REDIS_DENIED", "REDIS_MAXCLIENTS"]);

function loginCommand(username: string | undefined, password: string | undefined): string[] | undefined {
  if (username !== undefined) return ["AUTH", username, password ?? ""];
  return password === undefined ? undefined : ["AUTH", password];
}

function pause(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms).unref());
}
