import { z } from "zod";
import { formatDuration } from "../../core/units.ts";
import { fail, known, onHosts, pass, unknown, warn } from "../findings.ts";
import { duration } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const clockSkew = defineCheck({
  id: "clock-skew",
  title: "Clocks agree, and are kept right",
  why: "A clock that jumps puts Sentinel into TILT, in which it acts on nothing. Clocks that differ make keys expire at other times after a failover, and logs impossible to put in order.",
  how: "date of each host, held against the middle of all hosts, give or take half of what the question was underway; timedatectl.",
  mend: ["redisha init --only os, or redisha run init-os, sets up systemd-timesyncd where nothing keeps a clock right"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["hosts"],
  limits: z.strictObject({ most: duration("1s", "From the middle of all hosts at most") }),
  wanted: ({ most }) => `within ${formatDuration(most)} of the others, and synchronized`,
  judge: (facts, { most }) => {
    const all = Object.values(facts.hosts).flatMap(({ clock }) => (clock ? [clock.ahead_ms] : []));
    const middle = all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
    return onHosts(facts, (host) => {
      const { ahead_ms, give_or_take_ms, synchronized } = known(host.clock, "its clock was not read");
      const apart = ahead_ms - middle;
      const way = give_or_take_ms < most / 10 ? "" : `, give or take ${formatDuration(give_or_take_ms)}`;
      const measured = `${formatDuration(Math.abs(apart))} ${apart < 0 ? "behind" : "ahead"}${way}`;
      if (Math.abs(apart) - give_or_take_ms > most) return fail(measured);
      if (Math.abs(apart) > most) return unknown(`${measured}: the answer was underway for too long to tell`);
      return synchronized ? pass(measured) : warn(`${measured}; nothing keeps it right`);
    });
  },
});
