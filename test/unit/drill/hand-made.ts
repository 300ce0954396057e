import type { Attempt, ProbeKind, ProbeRecord, ReadBack, Recording, RoleSample } from "../../../src/drill/recording.ts";

/** A client that writes every 10 ms: acknowledged after 1 ms by `node`, or failing as `failing` says. */
export function writer(
  name: string,
  kind: ProbeKind,
  spans: readonly { from: number; to: number; node: string | null; error?: string; unknown?: boolean }[],
): ProbeRecord {
  const attempts: Attempt[] = [];
  for (const { from, to, node, error, unknown } of spans) {
    for (let sent = from; sent < to; sent += error === undefined ? 10 : 100) {
      const seq = attempts.length;
      if (error === undefined) attempts.push({ seq, sent, ended: sent + 1, node, outcome: "acked" });
      else attempts.push({ seq, sent, ended: sent + 50, node, outcome: unknown ? "unknown" : "refused", error });
    }
  }
  return { name, kind, shard: "main", timeout_ms: 250, via: "direct", attempts };
}

export function role(at: number, instance: string, now: Partial<RoleSample> = {}): RoleSample {
  const plain = { answers: true, role: null, link_up: null, follows: null, sync_full: 0, sync_partial_ok: 0 };
  return { at, instance, writable: false, ...plain, ...now };
}

export const primary = (now: Partial<RoleSample> = {}): Partial<RoleSample> => ({
  role: "primary",
  writable: true,
  ...now,
});
export const replicaOf = (follows: string, now: Partial<RoleSample> = {}): Partial<RoleSample> => ({
  role: "replica",
  link_up: true,
  follows,
  ...now,
});

export function readBack(probe: string, found: Partial<ReadBack> = {}): ReadBack {
  return {
    at: 29_000,
    when: "rejoined",
    probe,
    node: "r2:6379",
    found: 0,
    lost: [],
    unknown_found: [],
    refused_found: [],
    ...found,
  };
}

/** A drill in which nothing happens, for a second. */
export const QUIET: Recording = {
  schema: 1,
  run: "20261101-020000-aaaaaa",
  deployment: "shop",
  kind: "sentinel",
  started_at: "2026-11-01T02:00:00.000Z",
  ended: 1_000,
  clock: { source: "CLOCK_MONOTONIC", resolution_ms: 0.001, delay_p99_ms: 0.4, delay_max_ms: 3.2 },
  mode: "none",
  shard: "main",
  old_primary: "r1:6379",
  new_primary: null,
  probes: [],
  staleness: [],
  sentinel_events: [],
  cluster_samples: [],
  roles: [],
  marks: [],
  read_backs: [],
};

const ABOUT = "master mymaster 10.0.1.10 6379";

/**
 * A primary that hangs from 5 s to 15 s: Sentinel agrees after five seconds and r2 takes over at 10.5 s. The old primary
 * returns at 15 s, takes the sticky client's writes for two seconds, and is a replica at 17 s with its link up at 18 s.
 */
export function hang(): Recording {
  const away = { from: 5_000, to: 11_000, node: "r1:6379", error: "TIMEOUT", unknown: true };
  const followed = (name: string, kind: ProbeKind, back: number) =>
    writer(name, kind, [
      { from: 0, to: 5_000, node: "r1:6379" },
      { ...away, to: back },
      { from: back, to: 30_000, node: "r2:6379" },
    ]);
  const sticky = writer("sticky", "sticky", [
    { from: 0, to: 5_000, node: "r1:6379" },
    { ...away, to: 15_000 },
    { from: 15_000, to: 17_000, node: "r1:6379" },
    { from: 17_000, to: 30_000, node: "r1:6379", error: "READONLY" },
  ]);
  const lostSticky = sticky.attempts
    .filter(({ sent, outcome }) => sent >= 15_000 && outcome === "acked")
    .map(({ seq }) => seq);
  return {
    ...QUIET,
    ended: 30_000,
    mode: "hang",
    new_primary: "r2:6379",
    probes: [
      followed("re-resolve", "re_resolve", 11_000),
      followed("subscriber", "subscriber", 10_800),
      followed("wait-1", "wait_1", 11_200),
      sticky,
      {
        ...writer("reader", "reader", [{ from: 0, to: 30_000, node: "r3:6379" }]),
        name: "reader",
      },
    ],
    staleness: [
      { at: 6_000, node: "r3:6379", behind_ms: 0, behind_writes: 0 },
      { at: 12_000, node: "r3:6379", behind_ms: 40, behind_writes: 7 },
    ],
    sentinel_events: [
      { at: 9_950, sentinel: "r3:26379", channel: "+sdown", payload: "slave 10.0.1.12:6379 10.0.1.12 6379 @ mymaster" },
      { at: 10_050, sentinel: "r2:26379", channel: "+sdown", payload: ABOUT },
      { at: 10_020, sentinel: "r3:26379", channel: "+sdown", payload: ABOUT },
      { at: 10_100, sentinel: "r2:26379", channel: "+odown", payload: `${ABOUT} #quorum 2/2` },
      { at: 10_200, sentinel: "r2:26379", channel: "+elected-leader", payload: ABOUT },
      {
        at: 10_700,
        sentinel: "r3:26379",
        channel: "+switch-master",
        payload: "mymaster 10.0.1.10 6379 10.0.1.11 6379",
      },
      {
        at: 11_600,
        sentinel: "r2:26379",
        channel: "+switch-master",
        payload: "mymaster 10.0.1.10 6379 10.0.1.11 6379",
      },
    ],
    roles: [
      role(0, "r1:6379", primary()),
      role(0, "r2:6379", replicaOf("r1:6379")),
      role(0, "r3:6379", replicaOf("r1:6379")),
      role(5_200, "r1:6379", { answers: false }),
      role(10_500, "r2:6379", primary()),
      role(10_900, "r3:6379", replicaOf("r2:6379", { link_up: false })),
      role(11_100, "r2:6379", primary({ sync_partial_ok: 1 })),
      role(11_150, "r3:6379", replicaOf("r2:6379")),
      role(15_000, "r1:6379", primary()),
      role(17_000, "r1:6379", replicaOf("r2:6379", { link_up: false })),
      role(17_900, "r2:6379", primary({ sync_partial_ok: 1, sync_full: 1 })),
      role(18_000, "r1:6379", replicaOf("r2:6379")),
    ],
    marks: [
      { at: 5_000, name: "fault", detail: "SIGSTOP of 4711 on r1" },
      { at: 15_000, name: "healed", detail: "SIGCONT" },
    ],
    read_backs: [
      ...["re-resolve", "subscriber", "wait-1"].map((probe) => readBack(probe, { found: 100 })),
      readBack("sticky", { at: 12_000, when: "promoted", lost: [] }),
      readBack("sticky", { lost: lostSticky, unknown_found: [501] }),
    ],
  };
}
