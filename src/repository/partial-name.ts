import { randomBytes } from "node:crypto";

/** Unfinished files stand beside their target under such a name; no list shows them. */
const PARTIAL = /^\.partial-[0-9a-f]{12}-(.+)$/;

export function partialName(name: string): string {
  return `.partial-${randomBytes(6).toString("hex")}-${name}`;
}

export function isPartial(name: string): boolean {
  return PARTIAL.test(name);
}

/** The key that the unfinished file at `key` was to become. */
export function targetOfPartial(key: string): string {
  const at = key.lastIndexOf("/") + 1;
  return key.slice(0, at) + key.slice(at).replace(PARTIAL, "$1");
}
