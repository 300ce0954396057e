import { constants, createDecipheriv, createHash, createPrivateKey, type KeyObject, privateDecrypt } from "node:crypto";
import type { Identity, Stanza } from "age-encryption";
import { ED25519, LABEL, RSA, tagOf, wrapKey, x25519 } from "./ssh-key.ts";

/** An identity of the text of an SSH private key. Throws where it is encrypted, or of a kind that age does not use. */
export async function sshIdentity(text: string): Promise<Identity> {
  const { default: ssh2 } = await import("ssh2");
  const parsed = ssh2.utils.parseKey(text);
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (!key || key instanceof Error) {
    if (/encrypted|passphrase/i.test(key?.message ?? "")) throw new Error("it is an SSH key with a passphrase");
    throw new Error("it is no SSH private key");
  }
  const wire = key.getPublicSSH();
  const secret = createPrivateKey(key.getPrivatePEM());
  if (key.type === ED25519) return identityFor(ED25519, wire, (stanza) => openEd25519(stanza, secret, wire));
  if (key.type === RSA) return identityFor(RSA, wire, (stanza) => openRsa(stanza, secret));
  throw new Error("age decrypts with ssh-ed25519 and ssh-rsa keys only");
}

function identityFor(type: string, wire: Buffer, open: (stanza: Stanza) => Uint8Array): Identity {
  const tag = tagOf(wire);
  return {
    unwrapFileKey(stanzas) {
      const mine = stanzas.find(({ args }) => args[0] === type && args[1] === tag);
      return mine ? open(mine) : null;
    },
  };
}

function openEd25519({ args, body }: Stanza, secret: KeyObject, wire: Buffer): Uint8Array {
  const ephemeral = Buffer.from(args[2] ?? "", "base64");
  const seed = Buffer.from(secret.export({ format: "jwk" }).d ?? "", "base64url");
  const scalar = createHash("sha512").update(seed).digest().subarray(0, 32);
  const key = wrapKey(x25519(scalar, ephemeral), ephemeral, wire);
  const decipher = createDecipheriv("chacha20-poly1305", key, Buffer.alloc(12), { authTagLength: 16 });
  decipher.setAuthTag(body.subarray(16));
  return Buffer.concat([decipher.update(body.subarray(0, 16)), decipher.final()]);
}

function openRsa({ body }: Stanza, key: KeyObject): Uint8Array {
  const padding = constants.RSA_PKCS1_OAEP_PADDING;
  return privateDecrypt({ key, padding, oaepHash: "sha256", oaepLabel: Buffer.from(LABEL + RSA) }, body);
}
