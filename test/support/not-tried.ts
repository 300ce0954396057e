import { appendFileSync } from "node:fs";

/**
 * Says what these tests cannot try on this machine, and why: beside them, and at the end of bin/test, which shows what stands in
 * the file REDISHA_NOT_TRIED. A test that is skipped without a word looks like one that passed.
 */
export function notTried(what: string, why: string): void {
  process.stderr.write(`not tried: ${what}: ${why}\n`);
  const { REDISHA_NOT_TRIED: file } = process.env;
  if (file) appendFileSync(file, `${what}: ${why}\n`);
}
