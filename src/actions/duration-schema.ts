import { z } from "zod";
import { parseDuration } from "../core/units.ts";

/** A length of time with its unit, as milliseconds. */
export const durationSchema = z.string().transform((text, issues) => {
  const ms = parseDuration(text);
  if (ms === undefined) {
    issues.addIssue({ code: "custom", message: "is no duration; write it with a unit, as in 500ms or 5s" });
  }
  return ms ?? 0;
});
