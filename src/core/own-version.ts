import { readFileSync } from "node:fs";
import { packagePath } from "./package-root.ts";

/** The version of this redisha, as its package.json has it. */
export function ownVersion(): string {
  const data: unknown = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
  const known = typeof data === "object" && data !== null && "version" in data && typeof data.version === "string";
  if (known) return String(data.version);
  throw new TypeError("package.json of redisha has no version");
}
