import { constants, createCipheriv, publicEncrypt, randomBytes } from "node:crypto";
import { type Recipient, Stanza } from "age-encryption";
import {
  BASE,
  base64,
  ED25519,
  LABEL,
  montgomery,
  partsOf,
  RSA,
  rsaPublicKey,
  tagOf,
  wrapKey,
  x25519,
} from "./ssh-key.ts";

/** Shorter RSA keys are refused, as age refuses them. */
const SHORTEST_RSA = 2048;

/** A recipient of the line of an SSH public key. Throws where it is none that age could encrypt to. */
export function sshRecipient(line: string): Recipient {
  const [type, encoded = ""] = line.split(/\s+/);
  const wire = Buffer.from(encoded, "base64");
  if (partsOf(wire)[0]?.toString() !== type) throw new Error("the public key is not whole");
  if (type === ED25519) return ed25519Recipient(wire);
  if (type === RSA) return rsaRecipient(wire);
  throw new Error("age encrypts to ssh-ed25519 and ssh-rsa keys only");
}

function ed25519Recipient(wire: Buffer): Recipient {
  const theirs = montgomery(wire);
  return {
    wrapFileKey(fileKey) {
      const secret = randomBytes(32);
      const ephemeral = x25519(secret, BASE);
      const key = wrapKey(x25519(secret, theirs), ephemeral, wire);
      // The key is used once: its nonce may be zero.
      const cipher = createCipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
      const body = Buffer.concat([cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
      return [new Stanza([ED25519, tagOf(wire), base64(ephemeral)], body)];
    },
  };
}

function rsaRecipient(wire: Buffer): Recipient {
  const key = rsaPublicKey(wire);
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  if (bits < SHORTEST_RSA) throw new Error(`an RSA key of ${bits} bits is too short`);
  const padding = {
    key,
    padding: constants.RSA_PKCS1_OAEP_PADDING,
    oaepHash: "sha256",
    oaepLabel: Buffer.from(LABEL + RSA),
  };
  return { wrapFileKey: (fileKey) => [new Stanza([RSA, tagOf(wire)], publicEncrypt(padding, fileKey))] };
}
