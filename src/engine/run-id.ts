import { randomBytes } from "node:crypto";

/** `20261121T013015Z-9f3a1c`: sorts by time, unique across laptops. */
export function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, "").replace(/\.\d+/, "");
  return `${stamp}-${randomBytes(3).toString("hex")}`;
}
