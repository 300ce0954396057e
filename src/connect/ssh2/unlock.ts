import type { ParsedKey } from "ssh2";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { keyUnreadable, passphraseNeeded } from "../ssh-errors.ts";

type Ssh2 = typeof import("ssh2");

/** Keys that were opened, by their text: one passphrase and one costly key derivation for all hosts of a run. */
const opened = new Map<string, Promise<ParsedKey>>();

interface KeyFile {
  readonly file: string;
  readonly text: string;
  readonly encrypted: boolean;
}

/** Opens a private key, asking for its passphrase where it has one. Fails with SSH_PASSPHRASE_NEEDED or _WRONG. */
export async function unlock(
  ssh2: Ssh2,
  host: string,
  key: KeyFile,
  passphrase: (() => Promise<string>) | undefined,
): Promise<ParsedKey> {
  const known = opened.get(key.text);
  if (known) return await known;
  if (key.encrypted && !passphrase) throw passphraseNeeded(host, key.file);
  const opening = open(ssh2, host, key, key.encrypted ? passphrase : undefined);
  opened.set(key.text, opening);
  opening.catch(() => opened.delete(key.text));
  return await opening;
}

async function open(
  { utils }: Ssh2,
  host: string,
  key: KeyFile,
  passphrase: (() => Promise<string>) | undefined,
): Promise<ParsedKey> {
  const parsed = utils.parseKey(key.text, await passphrase?.());
  const first = Array.isArray(parsed) ? parsed[0] : parsed;
  if (first instanceof Error || first === undefined) {
    if (passphrase) throw passphraseWrong(host, key.file, first);
    throw keyUnreadable(host, key.file, first?.message ?? "it holds no key", first);
  }
  return first;
}

function passphraseWrong(host: string, file: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "SSH_PASSPHRASE_WRONG",
    message: `The passphrase of the SSH key ${file} for ${host} is not right.`,
    host,
    exit: EXIT.cannotConnect,
    next: [`ssh-keygen -y -f ${file}`],
    cause,
  });
}
