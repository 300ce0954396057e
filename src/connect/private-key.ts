/** What can be said of a private key file without its passphrase. */
export interface PrivateKeyFacts {
  readonly encrypted: boolean;
  /** The public half as it goes over the wire; only OpenSSH's own format (and a `.pub` file) shows it. */
  readonly publicKey?: Buffer;
  /** `ssh-ed25519`, `sk-ssh-ed25519@openssh.com`, … where the format tells it. */
  readonly type?: string;
  /** There is no private half in it: a `.pub` file, which names a key that an agent holds. */
  readonly publicOnly: boolean;
}

const OPENSSH_MAGIC = "openssh-key-v1\0";

/** Looks at the text of a key file; undefined where it is no key. Format: PROTOCOL.key of OpenSSH, and PEM. */
export function inspectPrivateKey(text: string): PrivateKeyFacts | undefined {
  const pem = /-----BEGIN ([A-Z0-9 ]*)PRIVATE KEY-----([\s\S]+?)-----END/.exec(text);
  if (!pem) return inspectPublicKey(text);
  const [, label = "", body = ""] = pem;
  if (label !== "OPENSSH ") {
    return { encrypted: label === "ENCRYPTED " || /Proc-Type:.*ENCRYPTED/.test(body), publicOnly: false };
  }
  const data = Buffer.from(body.replace(/\s+/g, ""), "base64");
  if (data.toString("latin1", 0, OPENSSH_MAGIC.length) !== OPENSSH_MAGIC) return undefined;
  try {
    const [cipher, afterCipher] = readString(data, OPENSSH_MAGIC.length);
    const [, afterKdf] = readString(data, afterCipher);
    const [, afterOptions] = readString(data, afterKdf);
    const [publicKey] = readString(data, afterOptions + 4);
    const [type] = readString(publicKey, 0);
    return { encrypted: cipher.toString() !== "none", publicKey, type: type.toString(), publicOnly: false };
  } catch {
    return undefined;
  }
}

function inspectPublicKey(text: string): PrivateKeyFacts | undefined {
  const [type, base64] = text.trim().split(/\s+/);
  if (!type || !base64 || !/^[A-Za-z0-9+/]+=*$/.test(base64)) return undefined;
  const publicKey = Buffer.from(base64, "base64");
  if (publicKey.length < 4 || publicKey.toString("latin1", 4, 4 + type.length) !== type) return undefined;
  return { encrypted: false, publicKey, type, publicOnly: true };
}

/** A string with its length before it; throws RangeError where the data ends early. */
function readString(data: Buffer, offset: number): [value: Buffer, next: number] {
  const start = offset + 4;
  const end = start + data.readUInt32BE(offset);
  if (end > data.length) throw new RangeError("the key ends early");
  return [data.subarray(start, end), end];
}
