import { describe } from "vitest";
import { whyNoFleet } from "./requirements.ts";

/** `describe` for tests on a fleet: where none can run they are skipped, and their name says why. */
export function describeOnFleet(name: string, tests: () => void): void {
  const missing = whyNoFleet();
  if (missing === undefined) describe(name, tests);
  else describe.skip(`${name} (skipped: ${missing})`, tests);
}
