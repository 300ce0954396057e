import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { scrubber } from "../core/scrub.ts";
import type { SecretSpec } from "../runbook/model.ts";

/** How long a program that gives a secret may take. */
const PROGRAM_LIMIT_MS = 30_000;

/**
 * Reads the secrets that a runbook declares and makes them known to the scrubber before anything can print them. Fails
 * with SECRET_NOT_FOUND, naming the place but never a value.
 */
export async function resolveSecrets(
  specs: Readonly<Record<string, SecretSpec>>,
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = await read(name, spec, env);
    scrubber.learn(value);
    values[name] = value;
  }
  return values;
}

async function read(name: string, spec: SecretSpec, env: NodeJS.ProcessEnv): Promise<string> {
  try {
    switch (spec.from) {
      case "env": {
        const value = env[spec.value];
        if (value === undefined || value === "") throw new Error(`the environment variable ${spec.value} is not set`);
        return value;
      }
      case "file":
        return (await readFile(spec.value, "utf8")).replace(/\r?\n$/, "");
      case "exec": {
        const [program = "", ...args] = spec.value.split(/\s+/);
        const { stdout } = await promisify(execFile)(program, args, { timeout: PROGRAM_LIMIT_MS });
        return stdout.replace(/\r?\n$/, "");
      }
      case "prompt":
        throw new Error("secrets cannot be typed in yet; give it by env: or file:");
    }
  } catch (error) {
    throw new RedishaError({
      code: "SECRET_NOT_FOUND",
      // An exec error's message holds the command line only, never its output.
      message: `The secret ${name} could not be read: ${messageOf(error).split("\n")[0]}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      position: spec.position,
      cause: error,
    });
  }
}
