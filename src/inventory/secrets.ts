import { readFile } from "node:fs/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { inWords, systemCode } from "../core/files.ts";
import { scrubber } from "../core/scrub.ts";
import { parseDuration } from "../core/units.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import { printedBy } from "./secret-command.ts";

/** Where redisha.yaml says that a secret is found: exactly one of `env`, `file` and `command` is set. */
export interface SecretSource {
  readonly env?: string | undefined;
  readonly file?: string | undefined;
  readonly command?: readonly string[] | undefined;
  readonly timeout?: string | undefined;
}

const COMMAND_TIMEOUT_MS = 30_000;

/**
 * Reads a secret when it is first asked for, and once: whoever asks later gets the same answer. After a failure the next
 * to ask tries again. The value is made known to the scrubber before anybody sees it.
 * Fails with SECRET_NOT_FOUND, SECRET_NOT_READABLE, SECRET_INVALID or SECRET_COMMAND_FAILED.
 */
export function secretReader(source: SecretSource, around: Surroundings): () => Promise<string> {
  let reading: Promise<string> | undefined;
  return () => {
    reading ??= read(source, around).catch((error: unknown) => {
      reading = undefined;
      throw error;
    });
    return reading;
  };
}

async function read(source: SecretSource, around: Surroundings): Promise<string> {
  const { raw, origin } = await rawValue(source, around);
  const value = raw.replace(/\r?\n$/, "");
  if (value === "") throw failure("SECRET_NOT_FOUND", `${origin} is empty`);
  scrubber.learn(value);
  if (/[\r\n\0]/.test(value)) throw failure("SECRET_INVALID", `${origin} holds more than one line`);
  return value;
}

async function rawValue(source: SecretSource, around: Surroundings): Promise<{ raw: string; origin: string }> {
  if (source.env !== undefined) {
    const raw = around.env[source.env];
    if (raw !== undefined) return { raw, origin: `the environment variable ${source.env}` };
    throw failure("SECRET_NOT_FOUND", `the environment variable ${source.env} is not set`, [
      `read -rs ${source.env} && export ${source.env}`,
    ]);
  }
  if (source.file !== undefined) {
    const path = resolvePath(source.file, around);
    return { raw: await fileText(path), origin: path };
  }
  const [program = "", ...args] = source.command ?? [];
  const timeoutMs = parseDuration(source.timeout ?? "") ?? COMMAND_TIMEOUT_MS;
  const path = program.startsWith("~/") ? resolvePath(program, around) : program;
  return { raw: await printedBy([path, ...args], { around, timeoutMs }), origin: `what ${program} printed` };
}

async function fileText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (systemCode(cause) === "ENOENT") throw failure("SECRET_NOT_FOUND", `the secret file ${path} does not exist`);
    throw failure("SECRET_NOT_READABLE", `the secret file ${path} cannot be read: ${inWords(cause)}`, [
      `ls -l ${path}`,
    ]);
  }
}

function failure(code: string, message: string, next: readonly string[] = []): RedishaError {
  return new RedishaError({ code, message, exit: EXIT.usage, state: "nothing was sent anywhere", next });
}
