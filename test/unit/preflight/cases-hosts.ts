import type { Facts } from "../../../src/preflight/facts.ts";
import { type Case, user } from "./case.ts";
import { type Change, config, deployment, host, info, process, server, withStandby } from "./change.ts";
import { NOW_MS } from "./facts.ts";

const DAY_S = 86_400;
const monitoring =
  (differences: Partial<NonNullable<Facts["monitoring"]>>): Change =>
  (facts) =>
    facts.monitoring ? { ...facts, monitoring: { ...facts.monitoring, ...differences } } : facts;
const waive = (until: string): Change => deployment({ waivers: [{ check: "swap", until, reason: "later" }] });
const unasked: Change = host("r1", { read: false, why: "no SSH" });

export const HOST_CASES: readonly Case[] = [
  ["overcommit-memory", "fail", "r1", /= 0/, host("r1", { overcommit_memory: 0 })],
  ["overcommit-memory", "unknown", "r1", /could not be asked: no SSH/, unasked],
  ["huge-pages", "fail", "r1", /always/, host("r1", { huge_pages: "always" })],
  ["huge-pages", "pass", "r1", /has none/, host("r1", { huge_pages: "" })],
  ["open-files", "fail", "r1:6379", /10000 files/, process("r1:6379", { nofile: 10_000 })],
  ["open-files", "fail", "r1:6379", /maxclients 500/, config("r1:6379", { maxclients: "500" })],
  ["swap", "fail", "r1:6379", /2.0 MiB in swap/, process("r1:6379", { swapped: 2 * 1024 ** 2 })],
  ["swap", "pass", "r1:6379", /no swap/, host("r1", { swap: { total: 0, used: 0 } })],
  ["swappiness", "fail", "r1", /= 60/, host("r1", { swappiness: 60 })],
  ["somaxconn", "fail", "r1", /128, tcp-backlog 511/, host("r1", { somaxconn: 128 })],
  ["backlog-size", "fail", "r1:6379", /1.0 MiB/, config("r1:6379", { "repl-backlog-size": "1048576" })],
  ["backlog-size", "fail", "r1:6379", /9.3 MiB\/s|MiB\/s/, info("r1:6379", { master_repl_offset: "9999999999" })],
  [
    "output-buffers",
    "fail",
    "r1:6379",
    /1.0 MiB hard/,
    config("r1:6379", { "client-output-buffer-limit": "normal 0 0 0 slave 1048576 0 60 pubsub 1 1 60" }),
  ],
  [
    "output-buffers",
    "warn",
    "r1:6379",
    /pubsub without/,
    config("r1:6379", { "client-output-buffer-limit": "normal 0 0 0 replica 0 0 0 pubsub 0 0 0" }),
  ],
  [
    "clock-skew",
    "fail",
    "r1",
    /3s ahead/,
    host("r1", { clock: { synchronized: true, ahead_ms: 3_012, give_or_take_ms: 0 } }),
  ],
  [
    "clock-skew",
    "unknown",
    "r1",
    /underway for too long/,
    host("r1", { clock: { synchronized: true, ahead_ms: 1_412, give_or_take_ms: 700 } }),
  ],
  [
    "clock-skew",
    "warn",
    "r1",
    /nothing keeps it right/,
    host("r1", { clock: { synchronized: false, ahead_ms: 0, give_or_take_ms: 0 } }),
  ],
  ["version-skew", "fail", "shop", /7.2.0: r2:6379/, info("r2:6379", { redis_version: "7.2.0" })],
  ["version-skew", "fail", "shop", /redisha.yaml says 8.0/, deployment({ engine: { name: "redis", version: "8.0" } })],
  ["version-skew", "pass", "shop", /8.0.2 on the others; r3:6379 is kept on 7.0.15 and leads back/, withStandby()],
  [
    "version-skew",
    "warn",
    "shop",
    /r3:6379 is no way back any more: 2 commands/,
    withStandby({ unexpected_errors: 2 }),
  ],
  [
    "config-drift",
    "fail",
    "r1:6379",
    /maxmemory 1 in memory, nothing/,
    process("r1:6379", { drift: [{ name: "maxmemory", file: null, memory: "1" }] }),
  ],
  ["config-drift", "unknown", "r1:6379", /no file/, process("r1:6379", { drift: null })],
  ["fragmentation", "fail", "r1:6379", /2.1 of/, info("r1:6379", { mem_fragmentation_ratio: "2.1" })],
  ["fragmentation", "skip", "r1:6379", /too few/, info("r1:6379", { used_memory: "1000" })],
  ["slow-fork", "fail", "r1:6379", /2s/, info("r1:6379", { latest_fork_usec: "2000000" })],
  [
    "slow-commands",
    "fail",
    "r1:6379",
    /1, the slowest KEYS with 1.5s/,
    server("r1:6379", { slow: [{ at_s: NOW_MS / 1_000 - 60, microseconds: 1_500_000, command: "KEYS" }] }),
  ],
  [
    "slow-commands",
    "pass",
    "r1:6379",
    /none/,
    server("r1:6379", { slow: [{ at_s: NOW_MS / 1_000 - 3 * DAY_S, microseconds: 1_500_000, command: "KEYS" }] }),
  ],
  [
    "big-keys",
    "fail",
    "r2:6379",
    /shop:all \(hash, 20.0 MiB\)/,
    server("r2:6379", { largest: [{ key: "shop:all", type: "hash", bytes: 20 * 1024 ** 2 }] }),
  ],
  ["tls-required", "fail", "r1:6379", /no tls-port/, config("r1:6379", { port: "6379", "tls-port": "0" })],
  ["tls-required", "fail", "r1:6379", /replication in clear/, config("r1:6379", { "tls-replication": "no" })],
  ["tls-required", "warn", "r1:6379", /port 6380 in clear/, config("r1:6379", { port: "6380" })],
  ["tls-protocols", "fail", "r1:6379", /TLSv1.1/, config("r1:6379", { "tls-protocols": "TLSv1.1 TLSv1.2" })],
  [
    "tls-expiry",
    "fail",
    "r1:6379",
    /in 2d/,
    process("r1:6379", { certificates: [{ path: "/c", subject: "", not_after: "2026-11-23T12:00:00.000Z" }] }),
  ],
  [
    "tls-expiry",
    "warn",
    "r1:6379",
    /in 20d/,
    process("r1:6379", { certificates: [{ path: "/c", subject: "", not_after: "2026-12-11T12:00:00.000Z" }] }),
  ],
  [
    "tls-expiry",
    "fail",
    "r1:6379",
    /ended 2026-11-20/,
    process("r1:6379", { certificates: [{ path: "/c", subject: "", not_after: "2026-11-20T00:00:00.000Z" }] }),
  ],
  [
    "dangerous-commands",
    "fail",
    "r1:6379",
    /^shop: flushall, flushdb, keys, config/,
    server("r1:6379", { users: [user("shop", {})] }),
  ],
  ["dangerous-commands", "pass", "r1:6379", /nobody else/, server("r1:6379", { users: [user("redisha", {})] })],
  ["default-user", "fail", "r1:6379", /on, with a password/, server("r1:6379", { users: [user("default", {})] })],
  ["exporter-scraped", "fail", "r1:6379", /none of 0 targets/, monitoring({ targets: [] })],
  [
    "exporter-scraped",
    "fail",
    "r1:6379",
    /down: connection refused/,
    monitoring({
      targets: [{ labels: { instance: "192.0.2.1:9121" }, up: false, address: "", error: "connection refused" }],
    }),
  ],
  [
    "exporter-scraped",
    "pass",
    "r1:6379",
    /exporter:9121/,
    monitoring({
      targets: [
        {
          labels: {},
          up: true,
          address: "http://exporter:9121/scrape?target=redis%3A%2F%2F192.0.2.1%3A6379",
          error: "",
        },
      ],
    }),
  ],
  ["exporter-scraped", "unknown", "r1:6379", /names no Prometheus/, monitoring({ declared: false, targets: null })],
  [
    "alert-rules",
    "fail",
    "shop",
    /none on redis_up/,
    monitoring({
      alerts: [{ name: "a", query: "redis_upstream > redis_master_link_up + redis_memory_used_bytes", health: "ok" }],
    }),
  ],
  [
    "alert-rules",
    "warn",
    "shop",
    /cannot be worked out: a/,
    monitoring({
      alerts: [{ name: "a", query: "redis_up redis_master_link_up redis_memory_used_bytes", health: "err" }],
    }),
  ],
  ["waivers", "fail", "shop", /swap, until 2026-11-20/, waive("2026-11-20")],
  ["waivers", "warn", "shop", /ends soon/, waive("2026-11-21")],
  ["waivers", "pass", "shop", /none of them over/, waive("2027-01-01")],
];
