import { connect as dial } from "node:net";
import type { Duplex } from "node:stream";
import { RedishaError } from "../../core/errors.ts";
import { dialFailure } from "../dial-failure.ts";
import { asHostProcess, spawned } from "../session/child-process.ts";
import { SessionConnection } from "../session/connection.ts";
import { programMissing } from "../session/errors.ts";
import { Gate } from "../session/gate.ts";
import type { Launched, Launcher, LaunchSpec } from "../session/launcher.ts";
import { render, SBIN } from "../session/render.ts";
import type { HostConnection, HostTarget } from "../types.ts";

/** Processes at a time on this machine; more only take each other's time. */
const MAX_PROCESSES = 32;

/** The machine that redisha itself runs on, e.g. from cron on a Redis host. Nothing is connected to. */
export async function connectLocal(target: HostTarget): Promise<HostConnection> {
  return new SessionConnection(new LocalLauncher(target.host));
}

class LocalLauncher implements Launcher {
  readonly adapter = "local";
  readonly become = "sudo";
  readonly root = process.getuid?.() === 0;
  readonly gate = new Gate(MAX_PROCESSES);
  readonly host: string;
  closed = false;

  constructor(host: string) {
    this.host = host;
  }

  async launch(spec: LaunchSpec): Promise<Launched> {
    if (this.closed)
      throw new RedishaError({ code: "SSH_CLOSED", message: `${this.host} was closed.`, host: this.host });
    const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:${SBIN}` };
    try {
      // A program of our own user needs no shell around it: its process id is known, and so is its environment.
      if ("argv" in spec && !spec.become) {
        const child = await spawned(spec.argv, { env: { ...env, ...spec.env } });
        const { pid } = child;
        return { process: { ...asHostProcess(child), ...(pid === undefined ? {} : { pid }) }, header: "", token: "" };
      }
      const { argv, header, token } = render(spec);
      return { process: asHostProcess(await spawned(argv, { env })), header, token };
    } catch (cause) {
      throw programMissing(this.host, spec, String(cause).includes("EACCES") ? "permission denied" : "");
    }
  }

  async another(): Promise<Launcher> {
    return new LocalLauncher(this.host);
  }

  forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    return new Promise((resolve, reject) => {
      const socket = dial({ host: address, port, noDelay: true, ...(signal ? { signal } : {}) });
      socket.once("connect", () => {
        socket.removeListener("error", failed);
        resolve(socket);
      });
      const failed = (error: Error) => reject(dialFailure(this.host, address, port, error));
      socket.once("error", failed);
    });
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}
