import type { Duplex, Readable } from "node:stream";
import { RedishaError } from "../../core/errors.ts";
import type { ExecOptions, ExecResult, ExecStream, HostConnection, UploadOptions } from "../types.ts";
import { becomeForbidden } from "./errors.ts";
import { download, upload } from "./files.ts";
import type { Launcher, LaunchSpec } from "./launcher.ts";
import { run, stream } from "./run.ts";

/** The one implementation of HostConnection: what all adapters share stands here, what differs in their launchers. */
export class SessionConnection implements HostConnection {
  readonly #launcher: Launcher;

  constructor(launcher: Launcher) {
    this.#launcher = launcher;
  }

  get host(): string {
    return this.#launcher.host;
  }

  get adapter(): HostConnection["adapter"] {
    return this.#launcher.adapter;
  }

  get closed(): boolean {
    return this.#launcher.closed;
  }

  async exec(argv: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
    return await run(this.#launcher, this.#program(argv, options), options);
  }

  async script(
    text: string,
    args: readonly string[] = [],
    options: Omit<ExecOptions, "stdin"> = {},
  ): Promise<ExecResult> {
    const { stdin: _, ...rest } = options as ExecOptions;
    return await run(this.#launcher, { shell: text, args, ...this.#how(rest) }, rest);
  }

  async stream(argv: readonly string[], options: ExecOptions = {}): Promise<ExecStream> {
    return await stream(this.#launcher, this.#program(argv, options), options);
  }

  async upload(source: Readable | Buffer | string, path: string, options: UploadOptions = {}): Promise<void> {
    await upload(this.#launcher, source, path, { ...options, become: this.#becomes(options) });
  }

  async download(path: string, options: { become?: boolean; signal?: AbortSignal } = {}): Promise<Readable> {
    return await download(this.#launcher, path, { ...options, become: this.#becomes(options) });
  }

  async forward(address: string, port: number, signal?: AbortSignal): Promise<Duplex> {
    return await this.#launcher.forward(address, port, signal);
  }

  async close(): Promise<void> {
    await this.#launcher.close();
  }

  #program(argv: readonly string[], options: ExecOptions): LaunchSpec {
    if (!argv[0]) {
      throw new RedishaError({
        code: "EXEC_NOT_FOUND",
        message: "There is no program in the command.",
        host: this.host,
      });
    }
    return { argv, ...this.#how(options) };
  }

  #how({ env, become }: ExecOptions): Pick<LaunchSpec, "env" | "become"> {
    return {
      ...(env && Object.keys(env).length > 0 ? { env } : {}),
      become: this.#becomes({ become: become ?? false }),
    };
  }

  /** Root needs no sudo, which a small machine may not even have. */
  #becomes({ become }: { become?: boolean }): boolean {
    if (!become || this.#launcher.root) return false;
    if (this.#launcher.become === "none") throw becomeForbidden(this.host);
    return true;
  }
}
