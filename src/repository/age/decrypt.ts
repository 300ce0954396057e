import { Transform } from "node:stream";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type AgeIdentities, identityWrong } from "./identities.ts";
import { NONCE_BYTES, opening, type Pieces, payloadKey } from "./payload.ts";

/** A header has some 200 bytes per recipient. What is that long and no header yet is no age file. */
const LONGEST_HEADER = 1024 * 1024;

/**
 * A stream that decrypts an age file. `place` names it in errors: AGE_IDENTITY_WRONG where none of the identities is a
 * recipient, BACKUP_DAMAGED where the bytes are not those that were encrypted.
 */
export function ageDecryption(identities: AgeIdentities, place: string): Transform {
  let head: Buffer = Buffer.alloc(0);
  let pieces: Pieces | undefined;
  return new Transform({
    transform(chunk: Buffer, _, callback) {
      const emit = (opened: Buffer) => this.push(opened);
      if (pieces) {
        attempt(place, callback, () => pieces?.feed(chunk, emit));
        return;
      }
      head = Buffer.concat([head, chunk]);
      const end = endOfHeader(head);
      if (end === undefined || head.length < end + NONCE_BYTES) {
        callback(head.length > LONGEST_HEADER ? notAge(place, "it has no header") : null);
        return;
      }
      const nonce = head.subarray(end, end + NONCE_BYTES);
      fileKeyOf(head.subarray(0, end), identities, place).then((key) => {
        pieces = opening(payloadKey(key, nonce));
        const rest = head.subarray(end + NONCE_BYTES);
        head = Buffer.alloc(0);
        attempt(place, callback, () => pieces?.feed(rest, emit));
      }, callback);
    },
    flush(callback) {
      if (!pieces) callback(notAge(place, "it ends in its header"));
      else attempt(place, callback, () => this.push(pieces?.end()));
    },
  });
}

/** Behind the line of the header's own digest, which begins with three dashes and is its last. */
function endOfHeader(head: Buffer): number | undefined {
  const digest = head.indexOf("\n--- ");
  const end = digest < 0 ? -1 : head.indexOf("\n", digest + 1);
  return end < 0 ? undefined : end + 1;
}

async function fileKeyOf(header: Buffer, identities: AgeIdentities, place: string): Promise<Uint8Array> {
  const { Decrypter } = await import("age-encryption");
  const decrypter = new Decrypter();
  for (const identity of identities.unwrappers) decrypter.addIdentity(identity);
  try {
    return await decrypter.decryptHeader(header);
  } catch (error) {
    if (/no identity matched/.test(messageOf(error))) throw identityWrong(place, identities);
    throw error instanceof RedishaError ? error : notAge(place, messageOf(error));
  }
}

function attempt(place: string, callback: (error?: Error | null) => void, work: () => void): void {
  try {
    work();
    callback();
  } catch (error) {
    callback(notAge(place, `age cannot open it (${messageOf(error)})`));
  }
}

function notAge(place: string, why: string): RedishaError {
  return new RedishaError({
    code: "BACKUP_DAMAGED",
    message: `${place} is not what was stored: ${why}.`,
    exit: EXIT.verificationFailed,
    state: "nothing was changed; what was read of it is not to be used",
    next: ["redisha backup list", "redisha backup verify"],
  });
}
