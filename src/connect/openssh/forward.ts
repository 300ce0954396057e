import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { Duplex } from "node:stream";
import type { RedishaError } from "../../core/errors.ts";
import { dialFailure } from "../dial-failure.ts";
import { spawned } from "../session/child-process.ts";
import { connectionLost } from "../session/errors.ts";
import { forwardRefused } from "../ssh-errors.ts";
import type { Master } from "./master.ts";
import { sshEnvironment } from "./ssh.ts";

/** What a multiplexed ssh logs when the other side has opened the channel. */
const OPENED = /master session id/;

/** A TCP connection made by the host, by `ssh -W` over the background connection. */
export async function forwardBy(
  master: Master,
  host: string,
  address: string,
  port: number,
  signal?: AbortSignal,
): Promise<Duplex> {
  const destination = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  const before = (await master.log()).length;
  const argv = ["ssh", ...master.arguments("-o", "LogLevel=DEBUG1", "-W", destination, "master")];
  const child = await spawned(argv, { env: sshEnvironment(), ...(signal ? { signal } : {}) });
  const opened = await new Promise<boolean>((resolve) => {
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said += chunk.toString();
      if (OPENED.test(said)) resolve(true);
    });
    child.on("error", () => resolve(false));
    child.once("exit", () => resolve(false));
  });
  if (opened) return new ForwardedChild(child, () => master.check(), host);
  throw await explain(master, host, address, port, before);
}

async function explain(
  master: Master,
  host: string,
  address: string,
  port: number,
  before: number,
): Promise<RedishaError> {
  if (!(await master.check())) return connectionLost(host);
  const log = (await master.log()).slice(before);
  const asked = log.indexOf(`channel_connect_stdio_fwd: ${address}:${port}`);
  const channel = /channel (\d+): new stdio-forward/.exec(log.slice(Math.max(asked, 0)))?.[1];
  const why = new RegExp(`channel ${channel}: open failed: ([^\\r\\n]*)`).exec(log)?.[1] ?? "";
  if (/prohibited/.test(why)) return forwardRefused(host, address, port, new Error(why));
  return dialFailure(host, address, port, new Error(why.replace(/^connect failed: /, "")));
}

/** Input and output of a child process as one stream. */
class ForwardedChild extends Duplex {
  readonly #child: ChildProcessWithoutNullStreams;

  constructor(child: ChildProcessWithoutNullStreams, alive: () => Promise<boolean>, host: string) {
    super({ allowHalfOpen: false });
    this.#child = child;
    child.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) child.stdout.pause();
    });
    child.stdin.on("error", () => undefined);
    // An end tells nothing by itself: the server may have closed, or the SSH connection may be gone.
    child.once("close", () => {
      void alive().then((there) => {
        if (there) this.push(null);
        else this.destroy(connectionLost(host));
      });
    });
  }

  override _read(): void {
    this.#child.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#child.stdin.write(chunk, callback);
  }

  override _final(callback: () => void): void {
    this.#child.stdin.end(callback);
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    this.#child.kill();
    this.#child.stdout.resume();
    callback(error);
  }
}
