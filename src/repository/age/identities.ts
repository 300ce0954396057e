import { readFile } from "node:fs/promises";
import type { Identity } from "age-encryption";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { inWords } from "../../core/files.ts";
import { scrubber } from "../../core/scrub.ts";

/** Who can decrypt here: parsed once, used for every file. */
export interface AgeIdentities {
  /** The files they came from, for messages. */
  readonly shown: readonly string[];
  /** For age-encryption, which knows `AGE-SECRET-KEY-1…` itself. */
  readonly unwrappers: readonly (string | Identity)[];
}

/**
 * Reads identity files: what age-keygen writes, several keys to a file, or an SSH private key without a passphrase.
 * Undefined for none. Fails with AGE_IDENTITY_UNREADABLE.
 */
export async function readIdentities(paths: readonly string[]): Promise<AgeIdentities | undefined> {
  if (paths.length === 0) return undefined;
  const unwrappers = await Promise.all(paths.map(readIdentityFile));
  return { shown: paths, unwrappers: unwrappers.flat() };
}

async function readIdentityFile(path: string): Promise<(string | Identity)[]> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw unreadable(path, inWords(cause), cause);
  });
  for (const line of text.split("\n")) scrubber.learn(line.trim());
  try {
    if (/^-----BEGIN .*PRIVATE KEY-----/m.test(text)) {
      const { sshIdentity } = await import("./ssh-identity.ts");
      return [await sshIdentity(text)];
    }
    return await ageKeys(text);
  } catch (cause) {
    throw unreadable(path, messageOf(cause), cause);
  }
}

async function ageKeys(text: string): Promise<string[]> {
  const { Decrypter } = await import("age-encryption");
  const keys = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw new Error("it holds no key");
  if (keys[0]?.startsWith("age-encryption.org/")) throw new Error("it is encrypted with a passphrase");
  keys.forEach((key, index) => {
    try {
      new Decrypter().addIdentity(key);
    } catch {
      // What the library says of it may repeat it.
      throw new Error(`its key number ${index + 1} is no AGE-SECRET-KEY-1…`);
    }
  });
  return keys;
}

export function identityNeeded(place: string, recipients: readonly string[]): RedishaError {
  return new RedishaError({
    code: "AGE_IDENTITY_NEEDED",
    message: `${place} is encrypted to ${recipients.join(", ")}, and no identity is there to decrypt it.`,
    exit: EXIT.usage,
    state: "nothing was read",
    next: ["give the key with --identity FILE, or for good: `backup: { identities: [FILE] }` in redisha.yaml"],
  });
}

export function identityWrong(place: string, { shown }: AgeIdentities): RedishaError {
  return new RedishaError({
    code: "AGE_IDENTITY_WRONG",
    message: `${place} is encrypted to others: no key in ${shown.join(", ")} opens it.`,
    exit: EXIT.usage,
    state: "nothing was changed",
    next: ["redisha backup show prints the recipients", "age-keygen -y KEYFILE prints the recipient of a key"],
  });
}

function unreadable(path: string, why: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "AGE_IDENTITY_UNREADABLE",
    message: `The age identity ${path} cannot be used: ${why.replace(/\.$/, "")}.`,
    exit: EXIT.usage,
    state: "nothing was read",
    next: [`ls -l ${path}`],
    cause,
  });
}
