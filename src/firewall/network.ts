import { isIP } from "node:net";

/** An address or a block of addresses, by value: two ways of writing the same one are the same. */
export interface Network {
  readonly family: 4 | 6;
  /** The address with the bits behind the prefix taken off. */
  readonly bits: bigint;
  readonly prefix: number;
  /** As ufw is told and tells it. */
  readonly text: string;
}

export const ANYWHERE: readonly [Network, Network] = [
  { family: 4, bits: 0n, prefix: 0, text: "0.0.0.0/0" },
  { family: 6, bits: 0n, prefix: 0, text: "::/0" },
];

/** Reads `10.0.1.7`, `10.0.1.0/24`, `fd00::7`, `fe80::1%eth0`; an IPv4 address in IPv6 clothes is IPv4. Undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [written = "", bitsWritten, ...more] = text.split("/");
  const address = written.replace(/%.*$/, "").replace(/^::ffff:(?=[\d.]+$)/i, "");
  const family = isIP(address);
  if ((family !== 4 && family !== 6) || more.length > 0) return undefined;
  const size = family === 4 ? 32 : 128;
  const prefix = bitsWritten === undefined ? size : Number(bitsWritten);
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > size) return undefined;
  const value = family === 4 ? valueOf4(address) : valueOf6(address);
  const rest = BigInt(size - prefix);
  const bits = (value >> rest) << rest;
  const plain = family === 4 ? textOf4(bits) : textOf6(bits);
  return { family, bits, prefix, text: prefix === size ? plain : `${plain}/${prefix}` };
}

/** Whether every address of `inner` is one of `outer`. */
export function covers(outer: Network, inner: Network): boolean {
  if (outer.family !== inner.family || outer.prefix > inner.prefix) return false;
  const rest = BigInt((outer.family === 4 ? 32 : 128) - outer.prefix);
  return outer.bits >> rest === inner.bits >> rest;
}

/** Whether they have an address in common. */
export function overlap(a: Network, b: Network): boolean {
  return covers(a, b) || covers(b, a);
}

function valueOf4(address: string): bigint {
  return address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function valueOf6(address: string): bigint {
  const plain = address.replace(/[\d.]+$/, (tail) => {
    if (!tail.includes(".")) return tail;
    const four = valueOf4(tail);
    return `${(four >> 16n).toString(16)}:${(four & 0xffffn).toString(16)}`;
  });
  const [head = "", tail] = plain.split("::");
  const groups = (part: string) => (part === "" ? [] : part.split(":"));
  const behind = groups(tail ?? "");
  const front = groups(head);
  const zeros = tail === undefined ? 0 : 8 - front.length - behind.length;
  const all = [...front, ...Array.from({ length: zeros }, () => "0"), ...behind];
  return all.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n);
}

function textOf4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join(".");
}

/** The shortest way of writing it, as RFC 5952 has it. */
function textOf6(bits: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => (bits >> BigInt(112 - 16 * at)) & 0xffffn);
  const text = groups.map((group) => group.toString(16)).join(":");
  const runs = [...text.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)].sort((a, b) => b[0].length - a[0].length);
  const [longest] = runs;
  if (!longest) return text;
  const before = text.slice(0, longest.index).replace(/:$/, "");
  const after = text.slice(longest.index + longest[0].length).replace(/^:/, "");
  return `${before}::${after}`;
}
