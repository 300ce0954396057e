import type { Duplex } from "node:stream";
import type { Client, ClientChannel } from "ssh2";
import { orAborted } from "../../core/abort.ts";
import { connectionLost } from "../session/errors.ts";
import { Gate } from "../session/gate.ts";
import type { Ending, HostProcess, Launched, Launcher, LaunchSpec } from "../session/launcher.ts";
import { remoteCommand, render } from "../session/render.ts";
import { cancelled, channelLimit } from "../ssh-errors.ts";
import { ForwardedStream, forwardOut } from "./forward.ts";
import type { Hop } from "./route.ts";

/** sshd's own limit is 10 (MaxSessions); one is kept free for ending a command whose time is up. */
const MAX_SESSIONS = 9;

/** What a launcher needs to know of the connection that it stands on. */
export interface Ground {
  readonly host: string;
  readonly hop: Hop;
  readonly become: "sudo" | "none";
  readonly client: Client;
  /** Called once, when the connection is gone or no longer needed. */
  readonly release: () => void;
  /** Makes the same connection again. */
  readonly again: () => Promise<Launcher>;
}

/** Starts processes over an ssh2 connection that is logged in. */
export class Ssh2Launcher implements Launcher {
  readonly adapter = "ssh2";
  readonly gate = new Gate(MAX_SESSIONS);
  readonly host: string;
  readonly become: "sudo" | "none";
  readonly root: boolean;
  readonly #ground: Ground;
  #closed = false;
  #why: unknown;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.host = ground.host;
    this.become = ground.become;
    this.root = ground.hop.user === "root";
    ground.client.on("error", (error) => {
      this.#why = error;
    });
    ground.client.once("close", () => {
      this.#closed = true;
      ground.release();
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  async launch(spec: LaunchSpec): Promise<Launched> {
    const rendered = render(spec);
    const process = await this.#session(remoteCommand(rendered));
    return { process, header: rendered.header, token: rendered.token };
  }

  async another(): Promise<Launcher> {
    return await this.#ground.again();
  }

  async forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    signal?.throwIfAborted();
    const opening = forwardOut(this.#ground.client, this.host, address, port);
    const channel = await (signal ? orCancelled(opening, signal, this.#ground.hop) : opening);
    return new ForwardedStream(channel, () => (this.#closed ? connectionLost(this.host, this.#why) : undefined));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#ground.client.end();
    this.#ground.release();
  }

  #session(command: string): Promise<HostProcess> {
    return new Promise((resolve, reject) => {
      try {
        this.#ground.client.exec(command, (error, channel) => {
          // At once: the exit status may be in the same packet, and nobody would hear of it a moment later.
          if (!error) resolve(this.#process(channel));
          else if ("reason" in error) reject(channelLimit(this.host, error));
          else reject(connectionLost(this.host, this.#why ?? error));
        });
      } catch {
        reject(connectionLost(this.host, this.#why));
      }
    });
  }

  #process(channel: ClientChannel): HostProcess {
    const ended = new Promise<Ending>((resolve, reject) => {
      let ending: Ending | undefined;
      channel.once("exit", (code: number | null, signal?: string) => {
        ending = { code, signal: signal ?? null };
      });
      channel.once("close", () => {
        if (ending) resolve(ending);
        else reject(connectionLost(this.host, this.#why));
      });
    });
    // Whoever let go of it does not wait for its end.
    ended.catch(() => undefined);
    return {
      stdin: channel,
      stdout: channel,
      stderr: channel.stderr,
      ended,
      release: () => {
        channel.close();
        channel.resume();
        channel.stderr.resume();
      },
    };
  }
}

/** A channel that opens after its caller has gone is closed. */
function orCancelled(opening: Promise<ClientChannel>, signal: AbortSignal, hop: Hop): Promise<ClientChannel> {
  return orAborted(opening, signal, () => {
    opening.then(
      (late) => late.close(),
      () => undefined,
    );
    return cancelled(hop, signal.reason);
  });
}
