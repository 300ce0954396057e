import type { CommandOptions, PeerCertificate, RedisConnection, RedisReply } from "../connect/types.ts";
import { orAborted } from "../core/abort.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** Commands whose effect is the same over any connection, in any database: sent later, where they were not sent. */
const ALIKE_ANYWHERE = new Set(
  "ACL BGREWRITEAOF BGSAVE CLUSTER CONFIG FAILOVER FUNCTION INFO LASTSAVE LATENCY MODULE PING REPLICAOF ROLE SENTINEL SLAVEOF SLOWLOG TIME".split(
    " ",
  ),
);

/** Reads of the server, and settings that are the same when made twice: sent again, also where the first may have arrived. */
const ALIKE_TWICE =
  /^(INFO|LASTSAVE|PING|ROLE|TIME|ACL (GETUSER|LIST|USERS|WHOAMI)|CLUSTER (COUNTKEYSINSLOT|INFO|MYID|NODES|SHARDS|SLOTS)|CONFIG (GET|REWRITE|SET)|LATENCY LATEST|MODULE LIST|SENTINEL (CKQUORUM|GET-MASTER-ADDR-BY-NAME|MASTER|MASTERS|REPLICAS|SENTINELS|SLAVES)|SLOWLOG GET)( |$)/;

/**
 * A connection that is not stopped by a server that disconnects everybody, as Sentinel has each one do whose role it
 * changes (CLIENT KILL TYPE normal, with the REPLICAOF): what was lost with the connection is asked once more over a new
 * one, where that can do no harm. Where no new one comes about, the loss itself is told.
 */
export class ReturningConnection implements RedisConnection {
  readonly instance: string;
  readonly via: RedisConnection["via"];
  readonly certificate?: PeerCertificate;
  readonly #connection: RedisConnection;
  readonly #again: () => Promise<ReturningConnection>;

  /** `again` gives a connection to the same instance that stands. */
  constructor(connection: RedisConnection, again: () => Promise<ReturningConnection>) {
    this.instance = connection.instance;
    this.via = connection.via;
    if (connection.certificate) this.certificate = connection.certificate;
    this.#connection = connection;
    this.#again = again;
  }

  get closed(): boolean {
    return this.#connection.closed;
  }

  async command(argv: readonly string[], options: CommandOptions = {}): Promise<RedisReply> {
    const [outcome] = await this.pipeline([argv], options);
    if (outcome instanceof Error) throw outcome;
    return outcome ?? null;
  }

  async pipeline(argvs: readonly (readonly string[])[], options: CommandOptions = {}): Promise<(RedisReply | Error)[]> {
    const outcomes = await this.#connection.pipeline(argvs, options);
    if (!mayBeSentAgain(argvs, outcomes)) return outcomes;
    const other = await orAborted(this.#again(), limitOf(options)).catch(() => undefined);
    return other ? other.#connection.pipeline(argvs, options) : outcomes;
  }

  close(): void {
    this.#connection.close();
  }
}

function mayBeSentAgain(argvs: readonly (readonly string[])[], outcomes: readonly (RedisReply | Error)[]): boolean {
  const lost = outcomes.filter(isLoss);
  if (lost.length === 0) return false;
  const unsent = lost.length === outcomes.length && lost.every(({ exit }) => exit === EXIT.cannotConnect);
  if (unsent) return argvs.every(([name = ""]) => ALIKE_ANYWHERE.has(name.toUpperCase()));
  return argvs.every((argv) => ALIKE_TWICE.test(argv.slice(0, 2).join(" ").toUpperCase()));
}

function isLoss(outcome: RedisReply | Error): outcome is RedishaError {
  return outcome instanceof RedishaError && outcome.code === "REDIS_CLOSED";
}

/** Aborts where the command's own time is up, or its caller gave up. */
function limitOf({ timeoutMs, signal }: CommandOptions): AbortSignal {
  return AbortSignal.any([
    // What is left of a time limit is no whole number, which is all that this takes.
    ...(timeoutMs === undefined ? [] : [AbortSignal.timeout(Math.ceil(timeoutMs))]),
    ...(signal === undefined ? [] : [signal]),
  ]);
}
