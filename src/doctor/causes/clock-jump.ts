import { inLog, instanceOf, seen, timesLogged } from "../evidence.ts";
import type { Facts } from "../facts.ts";
import type { Cause } from "../model.ts";

const TILT = /\+tilt|clock/i;

export const clockJump: Cause = {
  id: "clock-jump",
  title: "The clock of a host jumped, or is off",
  symptoms: ["no-failover", "slow"],
  why: "Keys expire by the clock of the primary, Sentinels lose trust in themselves (TILT), and times in logs no longer tell what came first.",
  how: "The clock of every host against this machine's, changes of it in the journal, +tilt in the logs of Sentinels.",
  diagnose: (facts) =>
    Object.entries(facts.hosts).flatMap(([host, { clock }]) => {
      const jumps = facts.kernels[host]?.clock ?? [];
      const off = clock !== null && Math.abs(clock.ahead_ms) - clock.give_or_take_ms > facts.limits.clockMs;
      // A clock that is set once, as it is after a boot, is no jump.
      const tilted = sentinelsOn(facts, host).filter((id) => timesLogged(facts, id, TILT) > 0);
      if (!off && (jumps.length === 0 || tilted.length === 0)) return [];
      return [
        {
          severity: "warning" as const,
          confidence: "certain" as const,
          subjects: [host],
          message: off
            ? `The clock of ${host} is ${Math.abs(clock.ahead_ms)} ms ${clock.ahead_ms > 0 ? "ahead of" : "behind"} this machine's`
            : `The clock of ${host} was changed, and a Sentinel there went into TILT`,
          evidence: [
            ...(clock === null
              ? []
              : [seen(host, "clock", `${clock.ahead_ms} ms ahead, ${clock.synchronized ? "" : "not "}synchronized`)]),
            ...jumps.slice(-3).map(({ at, text }) => seen(host, "journal", text, at)),
            ...tilted.flatMap((id) => inLog(facts, id, TILT, 1)),
          ],
          next: [`on ${host}: timedatectl; apt-get install chrony`, "look whether this machine's own clock is right"],
        },
      ];
    }),
};

function sentinelsOn(facts: Facts, host: string): string[] {
  return facts.topology.sentinels.map(({ id }) => id).filter((id) => instanceOf(facts, id)?.host.name === host);
}
