import type { UserFacts } from "../../../src/preflight/facts.ts";
import type { Verdict } from "../../../src/preflight/model.ts";
import type { Change } from "./change.ts";

/** What a check says of a subject after a change of the good facts. */
export type Case = readonly [
  check: string,
  verdict: Verdict,
  subject: string,
  measured: RegExp,
  change: Change,
  limits?: Record<string, unknown>,
];

/** A user who may do everything with a password, but for what is said. */
export const user = (name: string, differences: Partial<UserFacts>): UserFacts => ({
  name,
  on: true,
  nopass: false,
  passwords: ["print"],
  commands: ["+@all"],
  keys: ["*"],
  ...differences,
});
