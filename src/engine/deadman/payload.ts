import type { HostCommand } from "../../actions/contract.ts";
import { quote } from "../../connect/quote.ts";

/**
 * What a watchdog is to do, as text for its shell: `auth`, and a function `put_back` that succeeds where every command did. It is
 * never an argument of a process and never on a disk.
 */
export function payloadOf(commands: readonly HostCommand[], password: string | undefined): string {
  const steps = commands.map(lineOf).join(" &&\n");
  return `${password === undefined ? "" : `auth=${quote(password)}\n`}put_back() {\n${steps}\n}`;
}

/** Whoever is root already needs no sudo, which is not on every host. */
const AS_ROOT = `sh -c ${quote('[ "$(id -u)" -eq 0 ] && exec sh; exec sudo -n -- sh')}`;

function lineOf(command: HostCommand): string {
  if (command.kind === "redis") return `ask ${quote(command.argv.map(redisWord).join(" "))} "$@"`;
  if (command.kind === "dialogue") return `(\n${command.script}\n)`;
  const { env, become, okCodes } = command;
  const set = Object.entries(env).map(([name, value]) => `export ${name}=${quote(value)}`);
  const body =
    command.kind === "exec"
      ? [`exec ${command.argv.map(quote).join(" ")}`]
      : [`set -- ${command.args.map(quote).join(" ")}`, command.script];
  // The shell reads this text from its standard input, which the commands in it must not eat up.
  const text = `{\nPATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\n${[...set, ...body].join("\n")}\n} </dev/null`;
  return `run ${quote(okCodes.join(","))} ${quote(text)} ${become ? AS_ROOT : "sh"}`;
}

/** A word as redis-cli reads it from its standard input. */
function redisWord(word: string): string {
  const escaped = [...Buffer.from(word)].map((byte) => {
    const plain = byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c;
    return plain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${escaped.join("")}"`;
}
