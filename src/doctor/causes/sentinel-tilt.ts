import { inLog, seen, timesLogged } from "../evidence.ts";
import type { Cause } from "../model.ts";

const TILT = /\+tilt/;

export const sentinelTilt: Cause = {
  id: "sentinel-tilt",
  title: "A Sentinel is in TILT, and acts on nothing",
  symptoms: ["no-failover"],
  why: "A Sentinel that was stalled for two seconds, or whose clock jumped, no longer trusts what it sees. For 30 s it watches, and neither votes nor fails over.",
  how: "sentinel_tilt of INFO, +tilt in its log.",
  diagnose: (facts) =>
    facts.topology.sentinels.flatMap(({ id, host, tilt }) => {
      const logged = timesLogged(facts, id, TILT);
      if (tilt !== true && logged === 0) return [];
      const { clock } = facts.kernels[host] ?? {};
      return [
        {
          severity: tilt === true ? ("warning" as const) : ("info" as const),
          confidence: "certain" as const,
          subjects: [id],
          message:
            tilt === true
              ? `Sentinel ${id} is in TILT: for 30 s it neither votes nor fails over`
              : `Sentinel ${id} was in TILT ${logged} times: its host stalls, or its clock jumps`,
          evidence: [
            ...(tilt === true ? [seen(id, "INFO sentinel_tilt", "1")] : []),
            ...inLog(facts, id, TILT),
            ...(clock ?? []).slice(-1).map(({ at, text }) => seen(host, "journal", text, at)),
          ],
          next: [
            "wait 30 s, and look again",
            `on ${host}: timedatectl; top -b -n 1  # a clock that is set in steps, or a host without time to spare`,
          ],
        },
      ];
    }),
};
