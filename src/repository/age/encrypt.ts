import { randomBytes } from "node:crypto";
import { Transform } from "node:stream";
import { NONCE_BYTES, payloadKey, sealing } from "./payload.ts";
import type { AgeRecipients } from "./recipients.ts";

/** Of an empty file there is, after the header, a nonce and the tag of one empty piece. */
const EMPTY_PAYLOAD = NONCE_BYTES + 16;

/** A stream that encrypts to the recipients: what comes out is an age file. Every stream has a key of its own. */
export async function ageEncryption(recipients: AgeRecipients): Promise<Transform> {
  const { Encrypter } = await import("age-encryption");
  const encrypter = new Encrypter();
  for (const recipient of recipients.wrappers) encrypter.addRecipient(recipient);
  let fileKey: Uint8Array | undefined;
  // One more recipient, who wraps nothing: the library makes the key and the header, the payload is ours.
  encrypter.addRecipient({
    wrapFileKey(key) {
      fileKey = Uint8Array.from(key);
      return [];
    },
  });
  const empty = await encrypter.encrypt(new Uint8Array());
  if (!fileKey) throw new TypeError("age-encryption made no key");
  const nonce = randomBytes(NONCE_BYTES);
  const pieces = sealing(payloadKey(fileKey, nonce));
  const stream = new Transform({
    transform(chunk: Buffer, _, callback) {
      pieces.feed(chunk, (sealed) => this.push(sealed));
      callback();
    },
    flush(callback) {
      callback(null, pieces.end());
    },
  });
  stream.push(Buffer.concat([empty.subarray(0, empty.length - EMPTY_PAYLOAD), nonce]));
  return stream;
}
