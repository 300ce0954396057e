import type { Diagnosis } from "../../../src/doctor/model.ts";
import { IN_CLUSTER, NOW_MS } from "../preflight/facts.ts";
import { type Change, deployment, fact, info, logged, node, sentinel, topology, way } from "./facts.ts";

/** What a cause says after changes of the good facts, and a piece of evidence that it has to name. */
export interface Case {
  readonly cause: string;
  readonly confidence: Diagnosis["confidence"];
  readonly message: RegExp;
  readonly evidence: RegExp;
  readonly mend?: Diagnosis["mend"];
  readonly changes: readonly Change[];
}

const GIB = 1024 ** 3;
const NOW_S = Math.floor(NOW_MS / 1_000);
const certain = "certain" as const;

const client = (command: string) => ({
  ...{ address: "192.0.2.77", name: "", user: "shop" },
  ...{ flags: "N", command, library: "jedis 5.1" },
});
const linkDown = node("r2:6379", { link_up: false, link_down_s: 40, link_state: "connect" });
const refusal = (reason: string, object: string, user: string, address: string) => ({
  refusals: [{ reason, object, user, address, times: 7, age_s: 3 }],
});
const down = { up: false, role: "unknown" as const };
const unreached = (code: string) => ({ ...down, reach: { ok: false, code, message: "no answer", next: ["look"] } });

export const CASES: readonly Case[] = [
  {
    cause: "wrong-masterauth",
    confidence: certain,
    message: /r2:6379 cannot log in to r1:6379 as user replication: its masterauth is wrong/,
    evidence: /WRONGPASS/,
    mend: { runbook: "fix-masterauth", inputs: { node: "r2:6379" } },
    changes: [
      linkDown,
      fact("servers", "r2:6379", { replication_login: { user: "replication", password: "another" } }),
      logged("r2:6379", "Unable to AUTH to MASTER: -WRONGPASS invalid username-password pair"),
    ],
  },
  {
    cause: "wrong-masterauth",
    confidence: certain,
    message: /r1:6379 would not be let in by r2:6379 and r3:6379 .*it has no masterauth/,
    evidence: /masterauth of r1:6379 is none that it takes/,
    mend: { runbook: "fix-masterauth", inputs: { node: "r1:6379" } },
    changes: [fact("servers", "r1:6379", { replication_login: { user: "replication", password: null } })],
  },
  {
    cause: "wrong-masterauth",
    confidence: certain,
    message: /may not replicate/,
    evidence: /NOPERM/,
    mend: { runbook: "fix-masterauth", inputs: { node: "r2:6379" } },
    changes: [
      linkDown,
      logged("r2:6379", "Unexpected reply to PSYNC from master: -NOPERM this user has no permissions"),
    ],
  },
  {
    cause: "blocked-way",
    confidence: certain,
    message: /r2 cannot reach r1:6379, which answers redisha: a firewall drops/,
    evidence: /no answer within 5 s/,
    mend: { runbook: "init-firewall", inputs: {} },
    changes: [way("r2", "r1:6379", "silent")],
  },
  {
    cause: "blocked-way",
    confidence: certain,
    message: /rejected on the way/,
    evidence: /refused/,
    mend: { runbook: "init-firewall", inputs: {} },
    changes: [way("r2", "r1:6379", "refused")],
  },
  {
    cause: "server-down",
    confidence: certain,
    message: /nothing listens on its port/,
    evidence: /Fatal error loading/,
    changes: [
      node("r3:6379", unreached("REDIS_REFUSED")),
      way("r1", "r3:6379", "refused"),
      way("r2", "r3:6379", "refused"),
      logged("r3:6379", "Fatal error loading the DB: Invalid argument. Exiting."),
    ],
  },
  {
    cause: "server-down",
    confidence: certain,
    message: /its process hangs, or is busy/,
    evidence: /open/,
    changes: [node("r3:6379", unreached("REDIS_TIMEOUT"))],
  },
  {
    cause: "server-down",
    confidence: certain,
    message: /its host is gone, or cut off/,
    evidence: /no answer/,
    changes: [
      node("r3:6379", unreached("REDIS_TIMEOUT")),
      way("r1", "r3:6379", "silent"),
      way("r2", "r3:6379", "silent"),
    ],
  },
  {
    cause: "killed-by-kernel",
    confidence: certain,
    message: /kernel of r1 ended a server/,
    evidence: /Out of memory: Killed process 77 \(redis-server\)/,
    mend: { runbook: "init-os", inputs: {} },
    changes: [
      fact("kernels", "r1", {
        kills: [{ at: "2026-11-21T11:50:00Z", text: "Out of memory: Killed process 77 (redis-server)" }],
      }),
    ],
  },
  {
    cause: "killed-by-kernel",
    confidence: certain,
    message: /kernel of r2 ended a server/,
    evidence: /systemd: redis-server\.service: A process of this unit has been killed by the OOM killer/,
    mend: { runbook: "init-os", inputs: {} },
    changes: [
      fact("kernels", "r2", {
        ended: [
          {
            at: "2026-11-21T11:50:00Z",
            text: "redis-server.service: A process of this unit has been killed by the OOM killer.",
          },
        ],
      }),
    ],
  },
  {
    cause: "killed-by-kernel",
    confidence: "possible",
    message: /Something ended a server on r3 by SIGKILL/,
    evidence: /systemd: redis-server\.service: Main process exited, code=killed, status=9\/KILL/,
    mend: { runbook: "init-os", inputs: {} },
    changes: [
      fact("kernels", "r3", {
        ended: [
          { at: "2026-11-21T11:50:00Z", text: "redis-server.service: Main process exited, code=killed, status=9/KILL" },
        ],
      }),
    ],
  },
  {
    cause: "two-primaries",
    confidence: certain,
    message: /r1:6379 and r3:6379 both take writes; r1:6379 is the one that 3 Sentinels name/,
    evidence: /role:master, replid .*, offset 90/,
    mend: { runbook: "demote-stale-primary", inputs: { node: "r3:6379", primary: "r1:6379" } },
    changes: [node("r3:6379", { role: "primary", primary_id: null, offset: 90, writable: true })],
  },
  {
    cause: "two-primaries",
    confidence: certain,
    message: /neither Sentinels nor replicas speak for one of them/,
    evidence: /role:master/,
    changes: [
      topology({ sentinels: [] }),
      ...["r2:6379", "r3:6379"].map((id) => node(id, { role: "primary", primary_id: null })),
    ],
  },
  {
    cause: "clients-on-old-primary",
    confidence: certain,
    message: /1 clients from 192\.0\.2\.77 write to r2:6379, a replica/,
    evidence: /192\.0\.2\.77 sent set as shop, jedis 5\.1/,
    mend: { runbook: "demote-stale-primary", inputs: { node: "r2:6379", primary: "r1:6379" } },
    changes: [fact("servers", "r2:6379", { clients: [client("set")] })],
  },
  {
    cause: "clients-on-old-primary",
    confidence: "likely",
    message: /r3:6379, which takes their writes though r1:6379 is the primary/,
    evidence: /names r1:6379/,
    mend: { runbook: "demote-stale-primary", inputs: { node: "r3:6379", primary: "r1:6379" } },
    changes: [
      node("r3:6379", { role: "primary", primary_id: null }),
      fact("servers", "r3:6379", { clients: [client("get")] }),
    ],
  },
  {
    cause: "sentinel-login",
    confidence: certain,
    message: /Sentinel r2:26379 gets no answer from r1:6379, though the way is open: its login is refused/,
    evidence: /refused the login of sentinel from .*, 7 times/,
    mend: { runbook: "fix-sentinel-auth", inputs: {} },
    changes: [
      sentinel("r2:26379", { flags: ["master", "disconnected"], address: "192.0.2.2" }),
      fact("troubles", "r1:6379", refusal("auth", "AUTH", "sentinel", "192.0.2.2")),
    ],
  },
  {
    cause: "sentinel-login",
    confidence: certain,
    message: /refuse slaveof to sentinel.* a failover fails half way/,
    evidence: /refused the command slaveof of sentinel/,
    mend: { runbook: "fix-sentinel-auth", inputs: {} },
    changes: [
      deployment({ users: { sentinel: { name: "sentinel", password: async () => "" }, applications: [] } }),
      fact("troubles", "r2:6379", refusal("command", "slaveof", "sentinel", "192.0.2.1")),
    ],
  },
  {
    cause: "sentinel-login",
    confidence: certain,
    message: /Servers refuse config\|rewrite to sentinel.* a failover fails half way/,
    evidence: /r3:6379 ACL LIST: sentinel may not config\|rewrite/,
    mend: { runbook: "fix-sentinel-auth", inputs: {} },
    changes: [
      deployment({ users: { sentinel: { name: "sentinel", password: async () => "" }, applications: [] } }),
      fact("servers", "r3:6379", {
        users: [
          {
            name: "sentinel",
            on: true,
            nopass: false,
            passwords: [],
            commands: ["+@all", "-config|rewrite"],
            keys: [],
          },
        ],
      }),
    ],
  },
  {
    cause: "no-quorum",
    confidence: certain,
    message: /1 of 3 Sentinels take part; a failover needs 2, and r2:26379 and r3:26379 do not answer/,
    evidence: /quorum 2/,
    changes: ["r2:26379", "r3:26379"]
      .map((id) => sentinel(id, unreached("REDIS_REFUSED")))
      .concat(sentinel("r1:26379", { known_sentinels: [], others: 2, others_reachable: 0 })),
  },
  {
    cause: "no-quorum",
    confidence: certain,
    message: /The quorum is 3, and 2 Sentinels take part: nobody would declare the primary down/,
    evidence: /quorum 3/,
    mend: { runbook: "restore-sentinel-settings", inputs: { quorum: "2" } },
    changes: [
      sentinel("r1:26379", { quorum: 3 }),
      sentinel("r2:26379", { quorum: 3 }),
      sentinel("r3:26379", { ...unreached("REDIS_REFUSED"), quorum: null }),
    ],
  },
  {
    cause: "no-quorum",
    confidence: certain,
    message: /r3:26379 has the quorum 5, and not 2: it never declares the primary down/,
    evidence: /^r3:26379 SENTINEL MASTER quorum: 5$/,
    mend: { runbook: "restore-sentinel-settings", inputs: { quorum: "2" } },
    changes: [sentinel("r3:26379", { quorum: 5 })],
  },
  {
    cause: "no-candidate",
    confidence: certain,
    message: /may promote none of r2:6379 and r3:6379: .*replica-priority is 0/,
    evidence: /no-good-slave/,
    mend: { runbook: "allow-promotion", inputs: { nodes: "r2:6379,r3:6379" } },
    changes: [
      node("r2:6379", { priority: 0 }),
      node("r3:6379", { priority: 0 }),
      logged("r1:26379", "-failover-abort-no-good-slave master mymaster 192.0.2.1 6379"),
    ],
  },
  {
    cause: "no-candidate",
    confidence: certain,
    message: /has had no link for 9999 s/,
    evidence: /master_link_down_since_seconds: 9999/,
    changes: [
      node("r1:6379", unreached("REDIS_REFUSED")),
      ...["r2:6379", "r3:6379"].map((id) => node(id, { link_up: false, link_down_s: 9_999 })),
      ...["r1:26379", "r2:26379", "r3:26379"].map((id) => sentinel(id, { down_after_ms: 5_000 })),
    ],
  },
  {
    cause: "no-candidate",
    confidence: certain,
    message: /Nobody takes the place of the primary of slots 0-16383: of r2:6379 cluster-replica-no-failover is yes/,
    evidence: /^r2:6379 log .*unable to failover/,
    mend: { runbook: "allow-promotion", inputs: { nodes: "r2:6379" } },
    changes: [
      topology({
        kind: "cluster",
        shards: [{ id: "0-16383", primary_id: "r1:6379", replica_ids: ["r2:6379"], slots: [[0, 16_383]] }],
        cluster: { state: "ok", slots_assigned: 16_384, slots_ok: 16_384, size: 1, epoch: 1 },
      }),
      node("r2:6379", { cluster: { ...IN_CLUSTER, never_promotes: true } }),
      logged("r2:6379", "Currently unable to failover: Waiting for votes, but majority still not reached."),
    ],
  },
  {
    cause: "sentinel-tilt",
    confidence: certain,
    message: /r2:26379 is in TILT/,
    evidence: /sentinel_tilt: 1/,
    changes: [sentinel("r2:26379", { tilt: true })],
  },
  {
    cause: "slow-detection",
    confidence: certain,
    message: /r3:26379 waits up to 10m/,
    evidence: /600000/,
    mend: { runbook: "restore-sentinel-settings", inputs: { down_after: "5s" } },
    changes: [
      deployment({ sentinel: { quorum: 2, downAfterMs: 5_000, failoverTimeoutMs: 60_000, parallelSyncs: 1 } }),
      sentinel("r3:26379", { down_after_ms: 600_000 }),
    ],
  },
  {
    cause: "stale-sentinel-peers",
    confidence: certain,
    message: /remember replica 192\.0\.2\.9:6379/,
    evidence: /192\.0\.2\.9:6379, slave,s_down/,
    mend: { runbook: "sentinel-reset-rolling", inputs: {} },
    changes: [
      (facts) =>
        sentinel("r1:26379", {
          known_replicas: [
            ...(facts.topology.sentinels[0]?.known_replicas ?? []),
            { address: "192.0.2.9:6379", node_id: null, flags: ["slave", "s_down"], link_up: false, priority: 100 },
          ],
        })(facts),
    ],
  },
  {
    cause: "stale-sentinel-peers",
    confidence: certain,
    message: /r1:26379 and r2:26379 have the same myid/,
    evidence: /same-id/,
    changes: [sentinel("r1:26379", { run_id: "same-id" }), sentinel("r2:26379", { run_id: "same-id" })],
  },
  {
    cause: "mixed-names",
    confidence: certain,
    message: /1 servers are told by name/,
    evidence: /shop-2\.example:6379/,
    changes: [node("r2:6379", { announced: "shop-2.example:6379" })],
  },
  {
    cause: "wrong-primary",
    confidence: certain,
    message: /r3:6379 follows r2:6379, which is a replica itself/,
    evidence: /connected_slaves/,
    mend: { runbook: "follow-primary", inputs: { node: "r3:6379", primary: "r1:6379" } },
    changes: [node("r3:6379", { primary_id: "r2:6379", primary_address: "192.0.2.2:6379" })],
  },
  {
    cause: "wrong-primary",
    confidence: certain,
    message: /r3:6379 follows 192\.0\.2\.9:6379, which redisha\.yaml does not list; the primary is r1:6379/,
    evidence: /role/,
    mend: { runbook: "follow-primary", inputs: { node: "r3:6379", primary: "r1:6379" } },
    changes: [node("r3:6379", { primary_id: null, primary_address: "192.0.2.9:6379" })],
  },
  {
    cause: "foreign-rdb",
    confidence: certain,
    message: /r2:6379 \(redis 7\.0\.15\) cannot load what r1:6379 \(redis 8\.0\.2\) sends/,
    evidence: /Can't handle RDB format version 12/,
    changes: [linkDown, node("r1:6379", { version: "8.0.2" }), logged("r2:6379", "Can't handle RDB format version 12")],
  },
  {
    cause: "full-syncs",
    confidence: certain,
    message: /it cut replicas off 1 times/,
    evidence: /overcoming of output buffer limits/,
    mend: {
      runbook: "grow-replication-buffers",
      inputs: { backlog: String(4 * GIB), buffer: String(512 * 1024 ** 2) },
    },
    changes: [
      logged(
        "r1:6379",
        "Client id=9 addr=192.0.2.2:6379 scheduled to be closed ASAP for overcoming of output buffer limits.",
      ),
    ],
  },
  {
    cause: "full-syncs",
    confidence: "likely",
    message: /gave 3 full syncs within 15 min: its backlog of 1.0 GiB did not reach back/,
    evidence: /Full resync requested/,
    mend: { runbook: "grow-replication-buffers", inputs: { backlog: String(4 * GIB) } },
    changes: [logged("r1:6379", ...[1, 2, 3].map((at) => `Full resync requested by replica 192.0.2.${at}:6379`))],
  },
  {
    cause: "memory-full",
    confidence: certain,
    message: /every write gets OOM, 12 did/,
    evidence: /errorstat_OOM: count=12/,
    mend: { runbook: "raise-maxmemory", inputs: { maxmemory: String(6 * GIB) } },
    changes: [
      node("r1:6379", { maxmemory: 4 * GIB, maxmemory_policy: "noeviction" }),
      info("r1:6379", { used_memory: String(4 * GIB), errorstat_OOM: "count=12" }),
    ],
  },
  {
    cause: "swapped-out",
    confidence: certain,
    message: /r1:6379 are in swap/,
    evidence: /VmSwap/,
    mend: { runbook: "init-os", inputs: {} },
    changes: [fact("processes", "r1:6379", { swapped: GIB })],
  },
  {
    cause: "slow-commands",
    confidence: certain,
    message: /held up by 1 slow command, the slowest KEYS with 900 ms/,
    evidence: /KEYS took 900 ms/,
    changes: [fact("servers", "r1:6379", { slow: [{ at_s: NOW_S - 60, microseconds: 900_000, command: "KEYS" }] })],
  },
  {
    cause: "busy-script",
    confidence: certain,
    message: /answers BUSY to everybody/,
    evidence: /BUSY Redis is busy running a script/,
    mend: { runbook: "end-script", inputs: { node: "r1:6379" } },
    changes: [
      node("r1:6379", {
        refused: [{ command: "INFO", code: "REDIS_BUSY", message: "BUSY Redis is busy running a script." }],
      }),
    ],
  },
  {
    cause: "save-failing",
    confidence: certain,
    message: /cannot write its snapshot: its disk is full; every write gets MISCONF/,
    evidence: /No space left/,
    mend: { runbook: "persist-again", inputs: { node: "r1:6379" } },
    changes: [
      node("r1:6379", { last_bgsave_ok: false, stop_writes_on_bgsave_error: true, save_points: "60 1" }),
      logged("r1:6379", "Write error saving DB on disk: No space left on device"),
    ],
  },
  {
    cause: "save-failing",
    confidence: "likely",
    message: /cannot write its append-only file/,
    evidence: /aof_last_write_status: err/,
    mend: { runbook: "persist-again", inputs: { node: "r2:6379" } },
    changes: [
      node("r2:6379", { aof_enabled: true, aof_last_write_ok: false }),
      info("r2:6379", { aof_last_write_status: "err" }),
    ],
  },
  {
    cause: "loading",
    confidence: certain,
    message: /r2:6379 is loading its data, 12 s are left/,
    evidence: /loading_eta_seconds: 12/,
    changes: [
      node("r2:6379", { loading: true, loading_left_s: 12, up: false }),
      info("r2:6379", { loading_eta_seconds: "12" }),
    ],
  },
  {
    cause: "slow-fork",
    confidence: certain,
    message: /last fork held r1:6379 up for 800 ms, and huge pages/,
    evidence: /transparent_hugepage: always/,
    mend: { runbook: "init-os", inputs: {} },
    changes: [info("r1:6379", { latest_fork_usec: "800000" }), fact("hosts", "r1", { huge_pages: "always" })],
  },
  {
    cause: "too-few-replicas",
    confidence: certain,
    message: /r1:6379 wants 2 replicas and has 1: every write gets NOREPLICAS/,
    evidence: /min-replicas-to-write/,
    mend: { runbook: "lower-min-replicas", inputs: { replicas: "1" } },
    changes: [node("r1:6379", { min_replicas_to_write: 2, good_replicas: 1 })],
  },
  {
    cause: "slots-uncovered",
    confidence: certain,
    message: /384 slots belong to nobody/,
    evidence: /cluster_slots_assigned:16000/,
    changes: [
      topology({
        kind: "cluster",
        cluster: { state: "fail", slots_assigned: 16_000, slots_ok: 16_000, size: 3, epoch: 1 },
      }),
    ],
  },
  {
    cause: "closed-bus",
    confidence: certain,
    message: /r1 cannot reach the cluster bus of r2:6379/,
    evidence: /\(bus\), port 16379: no answer/,
    mend: { runbook: "init-firewall", inputs: {} },
    changes: [way("r1", "r2:6379", "silent", true)],
  },
  {
    cause: "clock-jump",
    confidence: certain,
    message: /clock of r3 is 90000 ms ahead/,
    evidence: /90000 ms ahead/,
    changes: [fact("hosts", "r3", { clock: { synchronized: false, ahead_ms: 90_000, give_or_take_ms: 0 } })],
  },
  {
    cause: "failing-tls",
    confidence: certain,
    message: /a certificate has ended/,
    evidence: /certificate has expired/,
    changes: [
      logged("r2:6379", "Error accepting a client connection: SSL routines: certificate has expired (conn: fd=9)"),
    ],
  },
];
