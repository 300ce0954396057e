import type { Duplex } from "node:stream";
import { finished } from "node:stream/promises";
import { asHostProcess, spawned } from "../session/child-process.ts";
import { connectionLost } from "../session/errors.ts";
import { Gate } from "../session/gate.ts";
import type { Ending, Launched, Launcher, LaunchSpec } from "../session/launcher.ts";
import { remoteCommand, render } from "../session/render.ts";
import { channelLimit } from "../ssh-errors.ts";
import { forwardBy } from "./forward.ts";
import type { Master } from "./master.ts";
import { SessionErrors } from "./session-errors.ts";
import { sshEnvironment } from "./ssh.ts";

/** As with ssh2: sshd's own limit is 10, and one is kept free for ending a command whose time is up. */
const MAX_SESSIONS = 9;

export interface OpensshGround {
  readonly host: string;
  readonly user: string;
  readonly become: "sudo" | "none";
  readonly master: Master;
  readonly again: () => Promise<Launcher>;
}

/** Starts processes by the ssh program, over its background connection. */
export class OpensshLauncher implements Launcher {
  readonly adapter = "openssh";
  readonly gate = new Gate(MAX_SESSIONS);
  readonly host: string;
  readonly become: "sudo" | "none";
  readonly root: boolean;
  readonly #ground: OpensshGround;

  constructor(ground: OpensshGround) {
    this.#ground = ground;
    this.host = ground.host;
    this.become = ground.become;
    this.root = ground.user === "root";
  }

  get closed(): boolean {
    return this.#ground.master.closed;
  }

  async launch(spec: LaunchSpec): Promise<Launched> {
    if (this.closed) throw connectionLost(this.host);
    const { master } = this.#ground;
    const rendered = render(spec, { reportExit: true });
    const argv = ["ssh", ...master.arguments("-o", "LogLevel=DEBUG1", "--", "master", remoteCommand(rendered))];
    const child = await spawned(argv, { env: sshEnvironment() });
    const stderr = child.stderr.pipe(new SessionErrors(rendered.token));
    const process = asHostProcess(child, ({ code }) => this.#judge(code, stderr));
    if (!(await stderr.opened)) {
      process.release();
      const full = /Session open refused by peer/.test(stderr.preamble);
      if (full) throw channelLimit(this.host);
      await master.check();
      throw connectionLost(this.host);
    }
    return { process: { ...process, stderr }, header: rendered.header, token: rendered.token };
  }

  async another(): Promise<Launcher> {
    return await this.#ground.again();
  }

  async forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    if (this.closed) throw connectionLost(this.host);
    return await forwardBy(this.#ground.master, this.host, address, port, signal);
  }

  async close(): Promise<void> {
    await this.#ground.master.close();
  }

  async #judge(code: number | null, stderr: SessionErrors): Promise<Ending> {
    // What ssh wrote last may still be on its way through.
    await finished(stderr);
    if (stderr.ending) return stderr.ending;
    // No word of an end, and ssh's own status: the connection is gone. Anything else is that of sudo or the login shell.
    if (code === 255 && !(await this.#ground.master.check())) throw connectionLost(this.host);
    return { code, signal: null };
  }
}
