import { it } from "vitest";
import { expectToSurviveKills, RESTORE_STEPS } from "../support/killed-restores.ts";

it.each(["rollback", "resume"] as const)(
  "a restore that is killed at any step comes to an end by runs %s, without losing a write",
  async (verb) => {
    await expectToSurviveKills(verb, RESTORE_STEPS);
  },
);
