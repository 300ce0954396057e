import { Command } from "@oclif/core/command";
import type { Problem } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { EventError } from "../engine/events.ts";
import type { Envelope } from "./envelope.ts";
import { type ErrorReport, reportOfEvent } from "./error-report.ts";
import { CommandFailure } from "./fail.ts";
import { commonFlags } from "./flags.ts";
import { type Invocation, readInvocation } from "./invocation.ts";
import { type Theme, themeFor } from "./output/theme.ts";
import { writeEnvelope } from "./output/write-envelope.ts";
import { type Renderer, rendererKind, subscribe } from "./render/renderer.ts";
import { errorJson, renderError } from "./render-error.ts";
import { asUsageError } from "./usage-error.ts";

interface Choice {
  readonly file: string | undefined;
  readonly deployment: string | undefined;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * What every command is made of: flags -> one use case -> a typed result. `run` prints text for people with `print` and
 * returns the result of type T, which becomes the envelope's `result` with `--json`.
 */
export abstract class BaseCommand<T> extends Command {
  static override baseFlags = commonFlags;
  /** Exit codes that this command can end with, for its help; 2, 130 and 143 are added for all. */
  static exitCodes: readonly ExitCode[] = [EXIT.done, EXIT.failedSafe];
  /** Environment variables that only this command reads, with what they do. */
  static environment: Readonly<Record<string, string>> = {};

  protected readonly invocation: Invocation;
  /** For text on stdout. */
  protected readonly theme: Theme;
  readonly #warnings: string[] = [];
  #exit: ExitCode = EXIT.done;
  #failure: ErrorReport | null = null;
  #printed = false;

  constructor(...args: ConstructorParameters<typeof Command>) {
    super(...args);
    this.invocation = readInvocation(this.argv);
    this.theme = themeFor(this.invocation.streams.stdout);
  }

  abstract override run(): Promise<T>;

  /** Text for people, on stdout; nothing where a machine format was asked for. */
  protected print(text: string): void {
    if (this.forPeople) this.invocation.streams.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
  }

  /** A remark that is not data, on stderr; nothing with `--quiet` and with a machine format. */
  protected note(text: string): void {
    if (this.forPeople && !this.invocation.quiet) this.invocation.streams.stderr.write(`${text}\n`);
  }

  /** Something that did not stop the command: on stderr unless `--quiet`, and in `warnings` of the envelope. */
  override warn<W extends Error | string>(input: W): W {
    const text = typeof input === "string" ? input : input.message;
    this.#warnings.push(text);
    if (this.forPeople && !this.invocation.quiet) {
      this.invocation.streams.stderr.write(`${this.noteTheme.warn("Warning:")} ${text}\n`);
    }
    return input;
  }

  /**
   * A renderer for the events of a run, as this call wants them. `quietly` is for runs that only look: their steps are
   * shown with `--verbose` alone.
   */
  protected subscribe(how: { quietly: boolean }): Promise<Renderer> {
    const { streams, format, quiet, verbose } = this.invocation;
    const kind = how.quietly
      ? verbose && this.forPeople
        ? "plain"
        : "quiet"
      : rendererKind({ format, quiet }, streams);
    return subscribe(kind, streams, { verbose });
  }

  /** For remarks on stderr. */
  protected get noteTheme(): Theme {
    return themeFor(this.invocation.streams.stderr);
  }

  /** Columns to lay text on stdout out for. */
  protected get width(): number {
    return this.invocation.streams.stdout.columns;
  }

  /** Columns for a table on stdout; undefined, which cuts nothing, where no terminal limits them. */
  protected get tableWidth(): number | undefined {
    const { isTty, columns } = this.invocation.streams.stdout;
    return isTty ? columns : undefined;
  }

  /** Which deployment is meant, as the use cases take it. */
  protected choice(flags: { file?: string | undefined; deployment?: string | undefined }): Choice {
    return { file: flags.file, deployment: flags.deployment, cwd: process.cwd(), env: process.env };
  }

  /** What is unwise about a file, as warnings. */
  protected warnOf(problems: readonly Problem[]): void {
    for (const { message, position, hint } of problems) {
      this.warn(`${position.file}:${position.line}:${position.column} ${message}${hint ? `; ${hint}` : ""}`);
    }
  }

  /** The exit code of a command that did its work and has bad news; `failure` is what the news are about. */
  protected endWith(code: ExitCode, failure: EventError | null = null): void {
    this.#exit = code;
    this.#failure = failure && reportOfEvent(failure);
    if (!this.#failure || !this.forPeople) return;
    const { stderr } = this.invocation.streams;
    stderr.write(
      renderError(this.#failure, {
        theme: this.noteTheme,
        width: stderr.columns,
        debug: false,
        readFile: () => undefined,
      }),
    );
  }

  /** True where text for people is wanted. */
  protected get forPeople(): boolean {
    return this.invocation.format === "table" || this.invocation.format === "wide";
  }

  /** The envelope around a result, with the warnings and the exit code so far. */
  protected envelope(result: T): Envelope {
    const head = { schema_version: 1, command: this.words } as const;
    const warnings = [...this.#warnings];
    const exit = this.#exit;
    const ok = exit === EXIT.done || exit === EXIT.warnings;
    if (ok) return { ...head, ok, exit, result, warnings };
    return { ...head, ok, exit, result, error: this.#failure && errorJson(this.#failure, undefined), warnings };
  }

  /** Machine formats are written here, after `run`; oclif's own JSON output stays off because it leaks its configuration. */
  protected override async _run<R>(): Promise<R> {
    const result = await super._run<R>();
    if (!this.forPeople && !this.#printed) await this.printResult(result as T);
    process.exitCode = this.#exit;
    return result;
  }

  /** Prints the envelope of a result now; it is not printed again at the end. For results that come one by one. */
  protected async printResult(result: T): Promise<void> {
    this.#printed = true;
    await writeEnvelope(this.envelope(result), this.invocation.format, this.invocation.streams.stdout);
  }

  protected override async catch(error: unknown): Promise<never> {
    const flags = { ...this.ctor.baseFlags, ...this.ctor.flags };
    throw new CommandFailure(asUsageError(error, { id: this.id ?? "", flags }), this.#warnings);
  }

  /** The command as it is typed: `runbook show`. */
  private get words(): string {
    return (this.id ?? "").replaceAll(":", " ");
  }
}
