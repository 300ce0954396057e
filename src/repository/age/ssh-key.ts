import { createHash, createPrivateKey, createPublicKey, diffieHellman, hkdfSync, type KeyObject } from "node:crypto";

/**
 * SSH keys as age uses them (the program's agessh package, https://pkg.go.dev/filippo.io/age/agessh). A stanza names its
 * key by the first four bytes of the SHA-256 of the public key; ed25519 keys are taken over to X25519.
 */
export const ED25519 = "ssh-ed25519";
export const RSA = "ssh-rsa";
export const LABEL = "age-encryption.org/v1/";

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

export function tagOf(wire: Buffer): string {
  return base64(createHash("sha256").update(wire).digest().subarray(0, 4));
}

/** The strings and numbers of a public key in the form of RFC 4253, 6.6. */
export function partsOf(wire: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= wire.length; ) {
    const end = at + 4 + wire.readUInt32BE(at);
    if (end > wire.length) throw new Error("it is cut off");
    parts.push(wire.subarray(at + 4, end));
    at = end;
  }
  return parts;
}

export function rsaPublicKey(wire: Buffer): KeyObject {
  const [, e, n] = partsOf(wire);
  if (!e || !n) throw new Error("it is cut off");
  const number = (bytes: Buffer) => bytes.subarray(bytes[0] === 0 ? 1 : 0).toString("base64url");
  return createPublicKey({ key: { kty: "RSA", e: number(e), n: number(n) }, format: "jwk" });
}

const P = 2n ** 255n - 19n;

/** The X25519 public key of an ed25519 one: u = (1 + y) / (1 - y) (RFC 7748, 4.1). */
export function montgomery(wire: Buffer): Buffer {
  const point = partsOf(wire)[1];
  if (point?.length !== 32) throw new Error("it is cut off");
  const littleEndian = Buffer.from(point).reverse();
  const y = BigInt(`0x${littleEndian.toString("hex")}`) & (2n ** 255n - 1n);
  const u = ((1n + y) * power(1n - y + P, P - 2n)) % P;
  return Buffer.from(u.toString(16).padStart(64, "0"), "hex").reverse();
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % P;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}

const PKCS8_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");

/** X25519 of a scalar and a point, 32 bytes each. */
export function x25519(scalar: Buffer, point: Buffer): Buffer {
  return diffieHellman({
    privateKey: createPrivateKey({ key: Buffer.concat([PKCS8_X25519, scalar]), format: "der", type: "pkcs8" }),
    publicKey: createPublicKey({
      key: { kty: "OKP", crv: "X25519", x: point.toString("base64url") },
      format: "jwk",
    }),
  });
}

/** The base point of X25519. */
export const BASE = Buffer.concat([Buffer.from([9]), Buffer.alloc(31)]);

/** The key that wraps a file key: from what both sides know, bound to the SSH key itself by a tweak. */
export function wrapKey(shared: Buffer, ephemeral: Buffer, wire: Buffer): Buffer {
  const label = LABEL + ED25519;
  const tweak = Buffer.from(hkdfSync("sha256", Buffer.alloc(0), wire, label, 32));
  const salt = Buffer.concat([ephemeral, montgomery(wire)]);
  return Buffer.from(hkdfSync("sha256", x25519(tweak, shared), salt, label, 32));
}
