import type { FilePosition, Problem } from "../core/errors.ts";
import { nearest } from "../core/nearest.ts";
import { scrubber } from "../core/scrub.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";

const SECRET_KEY = /(pass(word|wd|phrase)?|secret|token|(access|secret)_?key|requirepass|masterauth|credentials?)$/i;
const WRITE_INSTEAD = "write { env: REDISHA_PASSWORD }, { file: path } or { command: [program, argument] }";

export interface InlineSecret {
  readonly problem: Problem;
  /** Where nothing else needs to be said: it could only repeat the secret. */
  readonly places: readonly FilePosition[];
}

/**
 * Every secret that stands in the file itself. The messages never repeat it, and it is made known to the scrubber, so
 * that nothing else repeats it either: whoever wrote it here did not want it in a terminal's history too.
 */
export function inlineSecrets(source: YamlSource): InlineSecret[] {
  const secrets: InlineSecret[] = [];
  const refuse = (path: YamlPath, secret: string, message: string, hint: string, part?: "key") => {
    scrubber.learn(secret);
    scrubber.learn(source.scalar(path)?.source ?? secret);
    const position = source.position(path, part);
    const places = part === "key" ? [position, source.position(path.slice(0, -1))] : [position];
    secrets.push({ problem: { code: "SECRET_INLINE", message, position, hint }, places });
  };
  walk(source.value, [], (path, value) => {
    const key = String(path.at(-1) ?? "");
    const parent = String(path.at(-2) ?? "");
    if (path.at(-2) === "config" && holdsSecret(key, value)) {
      const hint = "leave it out: a config is shown in plans and reports; logins stand under auth";
      refuse(path, String(value), `${key} is a secret, and secrets do not stand in this file`, hint);
    } else if (holdsSecret(key, value)) {
      refuse(path, String(value), "a secret does not stand in this file, only where to find it", WRITE_INSTEAD);
    } else if (value === null && isSecretKey(parent)) {
      // `password: { hunter2 }` is a map with a key and no value.
      if (!["env", "file", "command", "timeout"].includes(key)) {
        refuse(path, key, "a secret does not stand in this file, only where to find it", WRITE_INSTEAD, "key");
      }
    } else if (typeof value === "string") {
      const found = embedded(value);
      if (found) refuse(path, found.secret, found.message, found.hint);
    }
  });
  return secrets;
}

function holdsSecret(key: string, value: unknown): boolean {
  if (!isSecretKey(key)) return false;
  return (typeof value === "string" && value !== "") || typeof value === "number" || typeof value === "boolean";
}

/** Misspelt ones too: `pasword: …` is no less secret. */
function isSecretKey(key: string): boolean {
  return SECRET_KEY.test(key) || nearest(key, ["password", "passphrase"]) !== undefined;
}

function embedded(value: string): { secret: string; message: string; hint: string } | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) {
    return { secret: value, message: "a private key does not stand in this file", hint: "write the path of its file" };
  }
  if (/^AGE-SECRET-KEY-/i.test(value)) {
    const hint = "encrypt_to takes the public half, which starts with age1; keep the other away from here";
    return { secret: value, message: "this is the secret half of an age key", hint };
  }
  const password = /^[a-z][a-z0-9+.-]*:\/\/[^/\s]*?:([^/\s]+)@/i.exec(value)?.[1];
  if (password === undefined) return undefined;
  return { secret: password, message: "an address holds a password", hint: "leave it out of the address" };
}

function walk(value: unknown, path: YamlPath, visit: (path: YamlPath, value: unknown) => void): void {
  if (path.length > 0) visit(path, value);
  if (typeof value !== "object" || value === null) return;
  const children = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, child] of children) walk(child, [...path, key], visit);
}
