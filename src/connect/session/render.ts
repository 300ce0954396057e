import { randomBytes } from "node:crypto";
import { quote, quoteAll } from "../quote.ts";
import type { LaunchSpec } from "./launcher.ts";

/** A command as it is sent to a host. */
export interface RenderedCommand {
  /** What to execute; without quoting for a local process, through `quoteAll` for a remote one. */
  readonly argv: readonly string[];
  /** To be written to standard input first: the part that must not show in a process list. */
  readonly header: string;
  /** Marks the lines that the wrapper itself writes to standard error. */
  readonly token: string;
}

/** Reads one line of shell text from standard input and becomes it; `read` takes no byte beyond the newline. */
const FROM_STDIN = 'IFS= read -r __c&&eval "$__c"';

/** Administrators' programs are not on the path of an ordinary user's (or cron's) shell on Debian. */
export const SBIN = "/usr/local/sbin:/usr/sbin:/sbin";

/** Longer text goes over standard input: one argument may hold 128 KiB, and some shells and logs much less. */
const INLINE_LIMIT = 4_096;

/**
 * Wraps a command in a small `sh` that first tells its process id (so that a timeout can end the whole group: sshd ends
 * nothing when a channel closes) and then becomes the command.
 *
 * Values of the environment, and any text that a login shell might read in its own way, go over standard input: neither
 * the remote process list nor sudo's log ever shows them. Plain commands are put inline, which saves a round trip.
 *
 * With `reportExit` the wrapper stays, and tells on standard error how the command ended.
 */
export function render(spec: LaunchSpec, options: { readonly reportExit?: boolean } = {}): RenderedCommand {
  const token = `redisha-${randomBytes(8).toString("hex")}`;
  const body = program(spec, token).join(";");
  const ending = options.reportExit ? `(${body});echo "${token} exit $?" >&2` : body;
  const text = [announce(token), ...environment(spec.env), ending].join(";");
  const newline = text.includes('"$__n"') ? "__n=$(printf '\\nx');__n=${__n%x};" : "";
  const inline = !spec.env && isPlain(text);
  const sh = ["sh", "-c", inline ? text : FROM_STDIN];
  return { argv: spec.become ? ["sudo", "-n", "--", ...sh] : sh, header: inline ? "" : `${newline}${text}\n`, token };
}

/** What to send as the command of an SSH session: the login shell is replaced, whatever it is. */
export function remoteCommand(rendered: RenderedCommand): string {
  return `exec ${quoteAll(rendered.argv)}`;
}

/** Text that sh, bash, zsh, fish and csh all read alike inside single quotes. */
function isPlain(text: string): boolean {
  return text.length <= INLINE_LIMIT && !/[\\!\r\n]|\$__n/.test(text);
}

function announce(token: string): string {
  return `echo "${token} $$" >&2`;
}

function environment(env: LaunchSpec["env"]): string[] {
  const assignments = Object.entries(env ?? {}).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new RangeError(`not the name of a variable: ${name}`);
    return `export ${name}=${onOneLine(value)}`;
  });
  return [`PATH="$PATH:${SBIN}"`, "export PATH", ...assignments];
}

function program(spec: LaunchSpec, token: string): string[] {
  if ("shell" in spec) return [`set -- ${spec.args.map(onOneLine).join(" ")}`, `eval ${onOneLine(spec.shell)}`];
  // A trap on exit runs only where exec found nothing to become.
  return [`trap 'echo "${token} missing" >&2' 0`, `exec ${spec.argv.map(onOneLine).join(" ")}`];
}

/** Quoted like `quote`, with newlines as `$__n`: the header is a single line. */
function onOneLine(word: string): string {
  return quote(word).replaceAll("\n", `'"$__n"'`);
}

/** Standard error of a wrapped process, with the wrapper's own lines taken out. */
export class MarkedOutput {
  /** Process id of the command; undefined until it was told, and for ever where the command never began. */
  pid: number | undefined;
  #held = Buffer.alloc(0);
  readonly #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** What is left for the caller. Holds back what came before the process id, until that is told. */
  push(chunk: Buffer): Buffer {
    if (this.pid !== undefined) return chunk;
    this.#held = Buffer.concat([this.#held, chunk]);
    const start = this.#held.indexOf(`${this.#token} `);
    const end = start < 0 ? -1 : this.#held.indexOf("\n", start);
    if (end < 0) return Buffer.alloc(0);
    this.pid = Number(this.#held.toString("latin1", start + this.#token.length + 1, end));
    return this.flush(start, end + 1);
  }

  /** What was held back, at the end of the output. */
  flush(start = this.#held.length, end = this.#held.length): Buffer {
    const rest = Buffer.concat([this.#held.subarray(0, start), this.#held.subarray(end)]);
    this.#held = Buffer.alloc(0);
    return rest;
  }

  /** True where this standard error says that there was no such program. */
  saysMissing(stderr: string): boolean {
    return stderr.includes(`${this.#token} missing`);
  }
}
