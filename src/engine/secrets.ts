import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { scrubber } from "../core/scrub.ts";
import { Secret } from "../core/secret.ts";
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
): Promise<Record<string, Secret>> {
  const values: Record<string, Secret> = {};
  for (const [name, spec] of Object.entries(specs)) {
    const value = await read(name, spec, env);
    scrubber.learn(value);
    values[name] = new Secret(value, `${spec.from} ${spec.value}`);
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

/** Data of `with` as the action needs it: secrets in clear. Only what goes to an action's `run` passes here. */
export function revealed(data: unknown): unknown {
  return mapSecrets(data, (secret) => secret.reveal());
}

/** The same data as plans, events and journals show it. */
export function masked(data: unknown): unknown {
  return mapSecrets(data, String);
}

function mapSecrets(data: unknown, change: (secret: Secret) => string): unknown {
  if (data instanceof Secret) return change(data);
  if (Array.isArray(data)) return data.map((item) => mapSecrets(item, change));
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, mapSecrets(item, change)]));
}
