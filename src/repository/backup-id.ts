import { randomBytes } from "node:crypto";

/** `20261120T153000Z-1a2b3c`: UTC to the second, so that names sort by time, and six hex digits that tell two apart. */
export function newBackupId(now: Date = new Date()): string {
  const stamp = now.toISOString().replace(/\.\d{3}|[-:]/g, "");
  return `${stamp}-${randomBytes(3).toString("hex")}`;
}

export function isBackupId(text: string): boolean {
  return /^\d{8}T\d{6}Z-[0-9a-f]{6}$/.test(text);
}

/** When a backup was begun, by the clock of whoever began it. */
export function beganAt(id: string): Date {
  return new Date(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z.*$/, "$1-$2-$3T$4:$5:$6Z"));
}
