import { Command, type Redis } from "ioredis";
import { RedishaError } from "../../core/errors.ts";
import type { CommandOptions, PeerCertificate, RedisConnection, RedisReply, RedisSubscription } from "../types.ts";
import type { Route } from "./endpoint.ts";
import { toReply } from "./reply.ts";
import { commandName, replyError } from "./reply-error.ts";
import type { Wire } from "./transport.ts";
import { cancelled, connectionLost, noAnswer } from "./trouble.ts";

/** What a command came to. */
export type Outcome = RedisReply | RedishaError;

/** One connection over one stream, until that ends. */
export class DirectConnection implements RedisConnection {
  readonly instance: string;
  readonly via: "direct" | "ssh" | "local";
  readonly certificate?: PeerCertificate;
  readonly #route: Route;
  readonly #wire: Wire;
  readonly #client: Redis;

  constructor(route: Route, via: "direct" | "ssh" | "local", wire: Wire, client: Redis, certificate?: PeerCertificate) {
    this.instance = route.target.instance;
    this.via = via;
    if (certificate) this.certificate = certificate;
    this.#route = route;
    this.#wire = wire;
    this.#client = client;
  }

  get closed(): boolean {
    return this.#wire.stream.destroyed || this.#client.status !== "ready";
  }

  async command(argv: readonly string[], options: CommandOptions = {}): Promise<RedisReply> {
    const [outcome] = await this.pipeline([argv], options);
    if (outcome instanceof Error) throw outcome;
    return outcome ?? null;
  }

  /** The time limit is for all of them together; what was answered before it is kept. */
  async pipeline(argvs: readonly (readonly string[])[], options: CommandOptions = {}): Promise<Outcome[]> {
    if (options.signal?.aborted) return argvs.map(() => cancelled(this.#route, options.signal?.reason));
    if (this.closed) return argvs.map((argv) => connectionLost(this.#route, commandName(argv), false));
    const commands = argvs.map((argv) => new ConcealedCommand(argv, options.bytes));
    const giveUp = (why: (name: string) => RedishaError) => {
      for (const [index, command] of commands.entries()) command.reject(why(commandName(argvs[index] ?? [])));
    };
    const limitMs = options.timeoutMs ?? this.#route.target.commandTimeoutMs;
    const timer = setTimeout(() => giveUp((name) => noAnswer(this.#route, name, limitMs)), limitMs);
    const stop = () => giveUp(() => cancelled(this.#route, options.signal?.reason));
    options.signal?.addEventListener("abort", stop, { once: true });
    try {
      this.#send(commands);
      const results = await Promise.allSettled(commands.map(({ promise }) => promise));
      return results.map((result, index) => this.#outcome(argvs[index] ?? [], result, options.bytes));
    } finally {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
    }
  }

  /**
   * Listens to the channels that match, from now until the connection ends; it takes no other command any more. Called
   * again with the same pattern it changes nothing, and shows that the server is there.
   */
  async subscribe(pattern: string, onMessage: (channel: string, message: string) => void): Promise<RedisSubscription> {
    const { stream } = this.#wire;
    const ended = new Promise<void>((resolve) => {
      if (stream.destroyed) resolve();
      stream.once("close", resolve);
    });
    this.#client.on("pmessage", (_, channel: string, message: string) => onMessage(channel, message));
    const ask = (timeoutMs: number) => this.#listen(pattern, timeoutMs);
    await ask(this.#route.target.commandTimeoutMs);
    const isClosed = () => this.closed;
    return {
      instance: this.instance,
      ended,
      check: ask,
      close: () => this.close(),
      get closed() {
        return isClosed();
      },
    };
  }

  async #listen(pattern: string, limitMs: number): Promise<void> {
    const name = "PSUBSCRIBE";
    if (this.closed) throw connectionLost(this.#route, name, false);
    // The client keeps subscriptions by the command's name, in small letters.
    const command = new Command(name.toLowerCase(), [pattern]);
    const timer = setTimeout(() => command.reject(noAnswer(this.#route, name, limitMs)), limitMs);
    try {
      await this.#client.sendCommand(command);
    } catch (error) {
      throw this.#failure([name], error instanceof Error ? error : new Error(String(error)));
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    this.#client.disconnect();
    this.#wire.stream.destroy();
  }

  /** All in one write: over SSH each write is a packet of its own. */
  #send(commands: readonly Command[]): void {
    const chunks: Buffer[] = [];
    const batch = {
      isPipeline: true as const,
      destination: { redis: this.#client },
      write: (chunk: string | Buffer) => chunks.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk),
    };
    for (const command of commands) this.#client.sendCommand(command, batch);
    this.#wire.stream.write(Buffer.concat(chunks));
  }

  #outcome(argv: readonly string[], result: PromiseSettledResult<unknown>, bytes = false): Outcome {
    try {
      if (result.status === "fulfilled") return toReply(result.value, bytes ? "latin1" : "utf8");
      throw result.reason;
    } catch (error) {
      if (error instanceof Error) return this.#failure(argv, error);
      throw error;
    }
  }

  #failure(argv: readonly string[], error: Error): RedishaError {
    if (isReplyError(error)) return replyError(this.#route, argv, error.message, "command");
    if (error instanceof RedishaError) return error;
    return connectionLost(this.#route, commandName(argv), true, this.#wire.error() ?? error);
  }
}

/**
 * A command whose arguments, which may hold a password, are nowhere to be seen: not in what `DEBUG=ioredis:*` prints,
 * not in trace events, not in errors. Its upper-case name keeps ioredis from reshaping replies that it knows by their
 * lower-case name, e.g. of HGETALL.
 */
class ConcealedCommand extends Command {
  readonly #bytes: string | Buffer;

  constructor([name = "", ...args]: readonly string[], bytes = false) {
    super(name.toUpperCase(), []);
    const upper = name.toUpperCase();
    this.#bytes = bytes ? encodeBytes([upper, ...args]) : new Command(upper, args).toWritable({});
  }

  override toWritable(): string | Buffer {
    return this.#bytes;
  }
}

/** A command whose arguments have a character for each byte. The client itself would write them as UTF-8. */
function encodeBytes(argv: readonly string[]): Buffer {
  const words = argv.map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${argv.length}\r\n${words.join("")}`, "latin1");
}

function isReplyError(error: Error): boolean {
  return error.name === "ReplyError";
}
