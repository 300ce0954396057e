import { it } from "vitest";
import { expectToSurviveKills } from "../../support/killed-restores.ts";

// Every step: test/soak/restore-crash.test.ts.
it("a restore that is killed while data moves or servers start is brought to its end by runs resume", async () => {
  await expectToSurviveKills("resume", ["aside", "start_primaries"]);
});

it("a restore that is killed while it stops servers or installs is taken back by runs rollback", async () => {
  await expectToSurviveKills("rollback", ["stop_primaries", "install"]);
});
