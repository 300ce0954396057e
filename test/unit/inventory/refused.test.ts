import { describe, expect, it } from "vitest";
import { CLUSTER, file, problemsOf, REPLICATION, SENTINEL } from "./support.ts";

const HOSTS = "hosts: { r1: { address: 10.0.1.10 }, r2: { address: 10.0.1.11 }, r3: { address: 10.0.1.12 } }";
const replication = (...lines: string[]) => file(...REPLICATION, ...lines);
const sentinel = (line: string) => file(...SENTINEL.slice(0, 3), line, "master_name: mymaster");

/** What is wrong, the file, and what is said about it. */
const REFUSED: [string, string, string[]][] = [
  ["an empty file", "", ["1:1 expected a map"]],
  ["no deployment", "version: 1\ndeployments: {}\n", ["2:14 deployments: expected at least one deployment"]],
  [
    "a format of the future",
    "version: 2\ndeployments: {}",
    ["1:10 version: expected 1", "2:14 deployments: expected at least one deployment"],
  ],
  [
    "an unknown key at the top",
    `defualt: shop\n${replication()}`,
    ['1:1 unknown key "defualt" (did you mean "default"?)'],
  ],
  [
    "an unknown key deep down",
    replication("ssh: { becom: sudo }"),
    ['7:12 unknown key "becom" (did you mean "become"?)'],
  ],
  [
    "the same unknown key in two places with different right ones",
    replication("tls: { modes: required }", "drill: { modes: 1 }"),
    ['7:12 unknown key "modes" (did you mean "mode"?)', '8:14 unknown key "modes" (known here: budget, window)'],
  ],
  [
    "both ports without a second port, and without certificates",
    replication("tls: { mode: both }"),
    [
      "7:18 mode: both needs certificates for servers (tls: { authority: {} })",
      "7:18 mode: both needs a second port for TLS (port_offset: 1000)",
    ],
  ],
  [
    "certificates from two sides, and none for a host",
    replication("tls: { ca: ca.crt, authority: {}, files: {} }"),
    [
      "7:39 tls.files and tls.authority are two ways to the same end",
      "7:39 tls.files has no certificate for r1",
      "7:39 tls.files has no certificate for r2",
      "7:39 tls.files has no certificate for r3",
    ],
  ],
  ["a key that stands there twice", replication("ssh: none", "ssh: local"), ["8:5 this key stands here twice"]],
  ["a missing key", file("topology: replication", HOSTS), ['3:3 "redis" is missing']],
  [
    "a section without content",
    replication("ssh:"),
    ["7:9 ssh: expected a map of SSH settings, none (no SSH), or local (redisha runs on the host itself)"],
  ],
  [
    "an unknown topology",
    file("topology: sentinal", HOSTS, "redis: { on: [r1] }"),
    ['4:15 topology: expected one of replication, sentinel, cluster (did you mean "sentinel"?)'],
  ],
  [
    "a version without quotes",
    replication("engine: { version: 7.0 }"),
    ['7:24 version: expected a string (quote it: "7.0")'],
  ],
  [
    "a version that is none",
    replication("engine: { version: latest }"),
    ['7:24 version: expected a version such as "7.0.15"'],
  ],
  [
    "a duration without unit",
    replication("timeouts: { connect: 3 }"),
    ["7:26 connect: expected a duration with its unit, such as 500ms, 5s or 1m30s"],
  ],
  [
    "a duration without length",
    replication("timeouts: { connect: 0s }"),
    ["7:26 connect: a duration must be more than nothing"],
  ],
  [
    "a name in capitals",
    `version: 1\ndeployments:\n  Shop: { topology: replication, ${HOSTS}, redis: { on: [r1] } }`,
    ['3:3 Shop: expected the name of a deployment: a lower-case letter, then lower-case letters, digits and "-"'],
  ],
  ["a port that is none", replication("ssh: { port: 70000 }"), ["7:18 port: expected a whole number of at most 65535"]],
  ["a port in quotes", replication('ssh: { port: "22" }'), ["7:18 port: expected a whole number"]],
  [
    "a default that does not exist",
    `default: shopp\n${replication()}`,
    ['1:10 there is no deployment shopp (did you mean "shop"?)'],
  ],
  [
    "a switch as true",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1], config: { appendonly: true } }"),
    ["6:46 appendonly: expected text or a number; for a switch write yes or no"],
  ],
  [
    "a port under config",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1], config: { port: 1 } }"),
    ["6:34 port does not belong under config (the port stands in redis.port, or in redis.on as host:port)"],
  ],

  [
    "a host that does not exist",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r22] }"),
    ['6:23 there is no host r22 (did you mean "r2"?)'],
  ],
  [
    "an instance on a host that does not exist",
    file(...REPLICATION.slice(0, 2), "redis: { on: [web-9:6379] }"),
    ["6:19 there is no host web-9 (hosts here: r1, r2, r3)"],
  ],
  [
    "an instance on a port that is none",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1:70000] }"),
    ["6:19 70000 is not a port"],
  ],
  [
    "port and ports",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1], port: 1, ports: [2] }"),
    ["6:33 port and ports exclude each other"],
  ],
  [
    "the same instance twice",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r2, r1:6379] }"),
    ["6:27 r1:6379 is declared twice, under redis.on"],
  ],
  [
    "a server and a Sentinel on one port",
    sentinel("sentinel: { on: [r1, r2:1, r3:2], port: 6379 }"),
    ["7:22 r1:6379 is declared twice, under redis.on and sentinel.on"],
  ],
  [
    "one server under two names",
    file(
      "topology: replication",
      "hosts: { a: { address: X.example }, b: { address: x.example } }",
      "redis: { on: [a, b] }",
    ),
    ["6:22 b:6379 and a:6379 are the same server: x.example port 6379"],
  ],
  [
    "a first primary that is not declared",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r2], initial_primary: r3 }"),
    ['6:45 r3 is not in redis.on (did you mean "r1"?)'],
  ],
  [
    "a first primary on a host that does not exist",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r2], initial_primary: q }"),
    ["6:45 there is no host q (instances: r1:6379, r2:6379)"],
  ],
  [
    "a first primary that could be two",
    file(...REPLICATION.slice(0, 2), "redis: { on: [r1], ports: [1, 2], initial_primary: r1 }"),
    ["6:56 r1 has several instances (say which: r1:1, r1:2)"],
  ],

  [
    "topology: sentinel without Sentinels or name",
    file("topology: sentinel", HOSTS, "redis: { on: [r1, r2] }"),
    [
      "4:15 topology: sentinel needs a section sentinel (sentinel: { on: [r1, r2, r3] })",
      "4:15 topology: sentinel needs master_name, the name that Sentinel has for the group (master_name: mymaster)",
    ],
  ],
  [
    "Sentinels without topology: sentinel",
    replication("sentinel: { on: [r1] }", "master_name: x"),
    [
      "7:5 sentinel belongs to topology: sentinel, and this deployment has topology: replication (write topology: sentinel, or remove sentinel)",
      "8:5 master_name belongs to topology: sentinel, and this deployment has topology: replication (write topology: sentinel, or remove master_name)",
    ],
  ],
  [
    "cluster without topology: cluster",
    replication("cluster: {}"),
    [
      "7:5 cluster belongs to topology: cluster, and this deployment has topology: replication (write topology: cluster, or remove cluster)",
    ],
  ],
  [
    "a login at Sentinels that are not there",
    replication("auth: { sentinel: same }"),
    ["7:13 auth.sentinel means nothing with topology: replication", "7:23 sentinel: same needs auth.operator"],
  ],
  [
    "a first primary of a cluster",
    file(...CLUSTER.slice(0, 2), "redis: { on: [r1, r2, r3], ports: [1, 2], initial_primary: r1 }"),
    ["6:47 initial_primary means nothing with topology: cluster"],
  ],
  [
    "a cluster bus beyond the last port",
    file(...CLUSTER.slice(0, 2), "redis: { on: [r1:60000, r2, r3], ports: [1, 2, 3] }"),
    [
      "6:19 the bus of r1:60000 would be port 70000 (a cluster node needs a port of at most 55535, or cluster-port in redis.config)",
    ],
  ],
  [
    "a quorum that cannot be met",
    sentinel("sentinel: { on: [r1, r2, r3], quorum: 4 }"),
    ["7:43 a quorum of 4 can never be met by 3 Sentinels (the majority is 2)"],
  ],
  [
    "half a client certificate",
    replication("tls: { cert: a }"),
    ["7:12 tls.cert and tls.key come together or not at all"],
  ],
  [
    "source: directory without directory",
    replication("engine: { source: directory }"),
    ["7:23 source: directory needs engine.directory"],
  ],
  [
    "a directory without source: directory",
    replication("engine: { directory: /opt }"),
    ["7:15 engine.directory goes with source: directory"],
  ],
  [
    "an exporter without a user of its own, on hosts that are not there",
    replication("monitoring: { exporter: { on: [r1, r9] } }"),
    [
      "7:19 monitoring.exporter needs users.exporter, as whom servers let it in (users: { exporter: { password: { env: EXPORTER_PASSWORD } } })",
      '7:40 there is no host r9 (did you mean "r1"?)',
    ],
  ],

  [
    "ports that are translated, without an address of the host, and one that nobody has",
    replication().replace("10.0.1.10", "10.0.1.10, redis_ports: { 6379: 7000, 6380: 7001 }"),
    [
      "5:40 redis_ports needs listen, the address whose ports are translated (listen: the address of the host itself; redis_address: the one at which others reach these ports)",
      "5:67 nothing of this deployment listens on port 6380 of r1 (ports there: 6379)",
    ],
  ],
  [
    "a port that is translated to that of the bus",
    file(...CLUSTER.slice(0, 2), "redis: { on: [r1, r2, r3, r1:6380, r2:6380, r3:6380] }").replace(
      "10.0.1.10",
      "10.0.1.10, listen: 10.0.0.1, redis_ports: { 6379: 16379 }",
    ),
    ["5:58 two ports of r1 are reached at 16379"],
  ],
  [
    "an address with a port",
    file("topology: replication", "hosts: { r1: { address: 10.0.1.10:6379 } }", "redis: { on: [r1] }"),
    ["5:29 address: expected an address without a port; ports stand under redis and sentinel"],
  ],
  [
    "an IPv6 address in brackets",
    file("topology: replication", 'hosts: { r1: { address: "[::1]" } }', "redis: { on: [r1] }"),
    ["5:29 address: expected an address without brackets, also for IPv6"],
  ],
  [
    "an IPv4 address that is none",
    file("topology: replication", "hosts: { r1: { address: 10.0.1.300 } }", "redis: { on: [r1] }"),
    ["5:29 address: expected an IPv4 address of four numbers from 0 to 255"],
  ],
  [
    "an address with a user",
    file("topology: replication", "hosts: { r1: { address: ops@r1 } }", "redis: { on: [r1] }"),
    ["5:29 address: expected an address without a user; the user stands under ssh"],
  ],
  [
    "a network that is none",
    replication("firewall: { manager: ufw, trusted: [10.0.1.0/33] }"),
    ["7:41 trusted[0]: expected an IP address or a CIDR block such as 10.0.1.0/24"],
  ],
  [
    "a day that is none",
    replication("preflight: { waive: [{ check: a, until: 2026-02-30, reason: b }] }"),
    ["7:45 until: there is no such day"],
  ],
  [
    "a repository of an unknown kind",
    replication("backup: { repository: ftp://x/y }"),
    ["7:27 repository: expected s3://bucket/prefix, sftp://host/path or the absolute path of a directory"],
  ],
  [
    "a recipient that age does not know",
    replication("backup: { repository: /x, encrypt_to: [ssh-dss AAAA] }"),
    ["7:44 encrypt_to[0]: expected an age recipient: age1 and what follows it, or an SSH public key"],
  ],
  [
    "a bandwidth without its unit",
    replication("backup: { repository: /x, bandwidth: 50 }"),
    ["7:42 bandwidth: expected a size such as 512kb, 100mb or 2gb"],
  ],
  [
    "a level that zstd does not have",
    replication("backup: { repository: /x, compression: 20 }"),
    ["7:44 compression: expected a whole number of at most 19"],
  ],
  [
    "a time zone that does not exist",
    replication("backup: { repository: /x, timezone: Mars/Olympus }"),
    ["7:41 timezone: expected a time zone such as UTC or Europe/Zurich"],
  ],
  [
    "an endpoint without its protocol",
    replication('backup: { repository: s3://bucket, s3: { endpoint: "s3.example.net" } }'),
    ["7:56 endpoint: expected http:// or https://, a host, and perhaps a port"],
  ],
  [
    "half a pair of S3 keys",
    replication("backup: { repository: s3://bucket, s3: { access_key: { env: ID } } }"),
    ["7:44 s3: access_key and secret_key go together"],
  ],
  [
    "an S3 token without the keys that it belongs to",
    replication("backup: { repository: s3://bucket, s3: { session_token: { env: TOKEN } } }"),
    ["7:44 s3: session_token goes with access_key and secret_key"],
  ],
  [
    "no redundancy at all",
    replication("backup: { repository: /x, minimum_redundancy: 0 }"),
    ["7:51 minimum_redundancy: expected a whole number of at least 1"],
  ],
];

describe("refused", () => {
  it.each(REFUSED)("is %s", async (_, text, problems) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  it("is everything that is wrong, at once and in the order of the file", async () => {
    const text = file(
      "topology: sentinel",
      "hosts: { r1: { adress: 10.0.1.10 }, r2: { address: 10.0.1.11 } }",
      "redis: { on: [r1, r9], prot: 1 }",
      "sentinel: { on: [r1, r2], quorum: 3, down_after: 5 }",
      "firewall: { manager: iptables }",
    );
    expect((await problemsOf(text)).map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "4:15 topology: sentinel needs master_name, the name that Sentinel has for the group",
      '5:20 unknown key "adress"',
      "6:23 there is no host r9",
      '6:28 unknown key "prot"',
      "7:39 a quorum of 3 can never be met by 2 Sentinels",
      "7:54 down_after: expected a duration with its unit, such as 500ms, 5s or 1m30s",
      "8:26 manager: expected one of ufw, none",
    ]);
  });

  it("is what does not fit together, also where something else in the same section is of the wrong kind", async () => {
    const text = file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r9], port: x }");
    expect((await problemsOf(text)).map((line) => line.replace(/ \(.*/, ""))).toEqual([
      "6:23 there is no host r9",
      "6:34 port: expected a whole number",
    ]);
  });

  it("is text that is no YAML, where it stands", async () => {
    expect(await problemsOf("version: 1\ndeployments: [\n")).toHaveLength(1);
    expect(await problemsOf("version: 1\n\tdeployments: {}\n")).toEqual([
      expect.stringMatching(/^2:1 a tab indents this line/),
    ]);
  });
});
