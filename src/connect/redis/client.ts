import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { AbstractConnector, Redis } from "ioredis";

/**
 * An ioredis client over a stream that is already connected, which keeps every decision about connecting here.
 *
 * - No offline queue, no retries, no reconnection: what fails is said at once, and by whom.
 * - No ready check: its INFO would hide that a server is loading, and fail where INFO is not permitted.
 * - Protocol 2: HELLO, which RESP3 needs, may be forbidden by ACL rules, and no reply that redisha reads is better in
 *   RESP3; RESP3 doubles are also inexact in ioredis 6.0.0.
 * - Integers as text: see `toReply`.
 * - Logging in and naming the connection is not left to it: it would take a password that the server does not want for
 *   a success, and print a warning of its own.
 */
export function clientOver(stream: Duplex): Redis {
  class GivenStream extends AbstractConnector {
    constructor() {
      super(0);
    }

    override connect(): Promise<Socket> {
      return Promise.resolve(asSocket(stream));
    }

    override disconnect(): void {
      stream.destroy();
    }
  }
  const client = new Redis({
    Connector: GivenStream,
    lazyConnect: true,
    protocol: 2,
    stringNumbers: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: null,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableReadyCheck: false,
    disableClientInfo: true,
    noDelay: false,
  });
  // Commands carry their errors; without a listener the client prints them.
  client.on("error", () => undefined);
  return client;
}

/**
 * The client asks for a socket, but uses of it what every duplex stream has, and `setKeepAlive`, which means nothing to
 * a channel of an SSH connection that keeps itself alive.
 */
function asSocket(stream: Duplex): Socket {
  if (stream instanceof Socket) return stream;
  const channel: unknown = Object.assign(stream, { setKeepAlive: () => stream });
  return channel as Socket;
}
