import type { RunSummary } from "../../use-cases/run-runbook.ts";
import type { Theme } from "../output/theme.ts";
import { renderSummary } from "../render/summary.ts";
import type { RotateResult } from "./result.ts";

/** What a rotation came to: whose passwords and certificates changed, and who has not heard of it. */
export function renderRotate(
  summary: RunSummary,
  { rotated, certificates, denied }: RotateResult,
  theme: Theme,
): string {
  const lines = [renderSummary({ ...summary, outputs: {} }, theme)];
  const users = [...new Set([...rotated.servers, ...rotated.sentinels])];
  if (users.length > 0) {
    lines.push(`  new passwords: ${theme.strong(users.join(", "))}; previous_password can go from redisha.yaml`);
  }
  for (const { host, serial, not_after } of certificates) {
    lines.push(
      `  ${theme.strong(host)} has certificate ${serial.slice(0, 16)}…, valid until ${not_after.slice(0, 10)}`,
    );
  }
  for (const { user, address } of denied) {
    lines.push(`  ${theme.bad("refused")} ${address} still comes with the old password of ${user}`);
  }
  if (denied.length > 0) lines.push(`  take the old passwords again: redisha runs rollback ${summary.run}`);
  return lines.join("\n");
}
