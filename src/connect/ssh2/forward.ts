import { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { messageOf, type RedishaError } from "../../core/errors.ts";
import { dialFailure } from "../dial-failure.ts";
import { connectionLost } from "../session/errors.ts";
import { forwardRefused } from "../ssh-errors.ts";

/** Reasons of SSH_MSG_CHANNEL_OPEN_FAILURE (RFC 4254, 5.1). */
const PROHIBITED = 1;

/** A TCP connection made by the host that a client is logged in to. Such channels do not count against MaxSessions. */
export function forwardOut(client: Client, host: string, address: string, port: number): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    try {
      client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
        if (error) reject(explain(host, address, port, error));
        else resolve(channel);
      });
    } catch (error) {
      reject(connectionLost(host, error));
    }
  });
}

function explain(host: string, address: string, port: number, error: Error): RedishaError {
  const reason = "reason" in error ? error.reason : undefined;
  if (reason === undefined) return connectionLost(host, error);
  if (reason === PROHIBITED) return forwardRefused(host, address, port, error);
  return dialFailure(host, address, port, new Error(messageOf(error).replace(/^.*failure: /, "")));
}

/**
 * A forwarded channel as a stream with the manners of a socket: a lost SSH connection is an error and not an end, and
 * it closes when it is destroyed.
 */
export class ForwardedStream extends Duplex {
  readonly #channel: ClientChannel;

  constructor(channel: ClientChannel, lost: () => RedishaError | undefined) {
    super({ allowHalfOpen: false });
    this.#channel = channel;
    channel.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    const finish = () => {
      const error = lost();
      if (error) this.destroy(error);
      else if (!this.destroyed) this.push(null);
    };
    channel.once("end", finish);
    channel.once("close", finish);
    channel.on("error", (error: Error) => this.destroy(error));
  }

  override _read(): void {
    this.#channel.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#channel.write(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.#channel.end();
    callback();
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#channel.destroy();
    this.#channel.resume();
    callback(error);
  }
}
