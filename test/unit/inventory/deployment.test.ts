import { globSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import { CLUSTER, deploymentOf, file, load, REPLICATION, SENTINEL } from "./support.ts";

describe("a deployment", () => {
  it("comes with the defaults filled in", async () => {
    const deployment = await deploymentOf(file(...SENTINEL));
    expect(deployment).toMatchObject({
      name: "shop",
      kind: "sentinel",
      masterName: "mymaster",
      engine: { name: "redis" },
      sentinel: { quorum: 2, downAfterMs: 30_000, failoverTimeoutMs: 180_000, parallelSyncs: 1 },
      auth: { data: {}, sentinel: {} },
      config: {},
      redisVia: "ssh",
      timeouts: { connectMs: 3_000, commandMs: 3_000 },
    });
    expect(deployment).not.toHaveProperty("tls");
    expect(deployment).not.toHaveProperty("cluster");
    expect(deployment.instances.map(({ kind, id, initialPrimary }) => [kind, id, initialPrimary])).toEqual([
      ["data", "r1:6379", false],
      ["data", "r2:6379", false],
      ["data", "r3:6379", false],
      ["sentinel", "r1:26379", false],
      ["sentinel", "r2:26379", false],
      ["sentinel", "r3:26379", false],
    ]);
  });

  it("has one instance per host and port, and one for each entry with a port of its own", async () => {
    const { instances, cluster } = await deploymentOf(
      file(...CLUSTER.slice(0, 2), "redis: { on: [r1, r2:7005, r3], ports: [7000, 7001] }"),
    );
    expect(instances.map(({ id }) => id)).toEqual(["r1:7000", "r1:7001", "r2:7005", "r3:7000", "r3:7001"]);
    expect(cluster).toEqual({ replicasPerPrimary: 1 });
  });

  it("knows its first primary by host, or by host and port", async () => {
    const primaryOf = async (redis: string) =>
      (await deploymentOf(file(...REPLICATION.slice(0, 2), `redis: ${redis}`))).instances
        .filter(({ initialPrimary }) => initialPrimary)
        .map(({ id }) => id);
    expect(await primaryOf("{ on: [r1, r2], port: 7000, initial_primary: r2 }")).toEqual(["r2:7000"]);
    expect(await primaryOf("{ on: [r1:1, r1:2], initial_primary: r1:2 }")).toEqual(["r1:2"]);
    expect(await primaryOf("{ on: [r1:1, r2], initial_primary: r1 }")).toEqual(["r1:1"]);
  });

  it("reaches Redis at the address that it listens on, where that is another than SSH's", async () => {
    const { instances } = await deploymentOf(
      file(
        "topology: replication",
        'hosts: { r1: { address: "fd00::1", redis_address: 10.0.1.10 }, r2: { address: r2.example } }',
        "redis: { on: [r1, r2] }",
      ),
    );
    expect(instances.map(({ host, address }) => [host.address, address])).toEqual([
      ["fd00::1", "10.0.1.10"],
      ["r2.example", "r2.example"],
    ]);
  });

  it("lays the ssh keys of a host over those of the deployment", async () => {
    const { hosts, redisVia } = await deploymentOf(
      file(
        "topology: replication",
        "hosts:",
        "  r1: { address: 10.0.1.10, ssh: { port: 2222, become: none } }",
        "  r2: { address: 10.0.1.11, ssh: none }",
        "  r3: { address: 10.0.1.12, ssh: local }",
        "redis: { on: [r1, r2, r3] }",
        "ssh: { user: ops, become: sudo, connect_timeout: 8s }",
      ),
    );
    expect(hosts.map(({ ssh }) => ssh)).toEqual([
      { adapter: "ssh2", user: "ops", port: 2222, become: "none", connectTimeoutMs: 8_000 },
      "none",
      "local",
    ]);
    expect(redisVia).toBe("ssh");
  });

  it.each(["none", "local"])(
    "goes to Redis directly where ssh is %s for all, unless a host has its own",
    async (word) => {
      expect((await deploymentOf(file(...REPLICATION, `ssh: ${word}`))).redisVia).toBe("direct");
      const own = ["topology: replication", "hosts: { r1: { address: a, ssh: { user: x } } }", "redis: { on: [r1] }"];
      expect(await deploymentOf(file(...own, `ssh: ${word}`))).toMatchObject({
        redisVia: "ssh",
        hosts: [{ ssh: { user: "x" } }],
      });
    },
  );

  it("goes to Redis directly where that is asked for", async () => {
    const direct = file(...REPLICATION.slice(0, 2), "redis: { on: [r1, r2, r3], via: direct }");
    expect((await deploymentOf(direct)).redisVia).toBe("direct");
  });

  it("has absolute paths, counted from its file or from the home directory", async () => {
    const deployment = await deploymentOf(
      file(
        ...REPLICATION,
        "tls: { ca: certs/ca.crt, cert: /etc/c.crt, key: ../c.key, server_name: redis.example }",
        "ssh: { identity: ~/.ssh/id, known_hosts: hosts, config: ~/ssh_config }",
      ),
    );
    const here = dirname(deployment.file);
    expect(deployment.tls).toEqual({
      ca: `${here}/certs/ca.crt`,
      cert: "/etc/c.crt",
      key: `${dirname(here)}/c.key`,
      serverName: "redis.example",
    });
    expect(deployment.hosts[0]?.ssh).toMatchObject({
      identity: "/home/ops/.ssh/id",
      knownHosts: `${here}/hosts`,
      configFile: "/home/ops/ssh_config",
    });
  });

  it("has TLS as soon as it says how, and none where it is disabled", async () => {
    expect((await deploymentOf(file(...REPLICATION, "tls: {}"))).tls).toEqual({});
    expect(await deploymentOf(file(...REPLICATION, "tls: { mode: disabled, ca: x }"))).not.toHaveProperty("tls");
  });

  it("keeps directives of redis.conf as they are written", async () => {
    const config = "config: { appendonly: yes, hz: 10, active-defrag-cycle-max: 7.10, save: 900 1, maxmemory: 6gb }";
    expect((await deploymentOf(file(...REPLICATION.slice(0, 2), `redis: { on: [r1], ${config} }`))).config).toEqual({
      appendonly: "yes",
      hz: "10",
      "active-defrag-cycle-max": "7.10",
      save: "900 1",
      maxmemory: "6gb",
    });
  });

  it("logs in at Sentinels as at Redis where that is said, and not otherwise", async () => {
    const auth = (sentinel: string) =>
      deploymentOf(file(...SENTINEL, `auth: { operator: { username: redisha, password: { env: P } }${sentinel} }`), {
        env: { P: "swordfish" },
      });
    const same = (await auth(", sentinel: same")).auth;
    expect(same.sentinel).toBe(same.data);
    expect((await auth("")).auth.sentinel).toEqual({});
    expect((await auth(", sentinel: { password: { env: Q } }")).auth.sentinel).not.toHaveProperty("username");
  });

  it("carries its policies", async () => {
    const deployment = await deploymentOf(
      file(
        ...REPLICATION,
        "firewall: { manager: ufw, trusted: [10.0.1.0/24, 'fd00::/8'] }",
        "backup: { repository: /srv/backups, retention: { keep_last: 3, keep_yearly: 1 } }",
        "drill: { budget: { write_outage: 1m30s, read_outage: 5s, recovery: 2m, lost_writes: 0, clients: [sticky] } }",
        "preflight: { waive: [{ check: tls-required, until: 2099-12-31, reason: later }] }",
      ),
    );
    expect(deployment).toMatchObject({
      firewall: { manager: "ufw", trusted: ["10.0.1.0/24", "fd00::/8"], clients: [] },
      backup: { repository: "/srv/backups", encryptTo: [], retention: { last: 3, yearly: 1 } },
      drill: { writeOutageMs: 90_000, readOutageMs: 5_000, recoveryMs: 120_000, lostWrites: 0, clients: ["sticky"] },
      waivers: [{ check: "tls-required", until: "2099-12-31", reason: "later" }],
    });
  });

  it("says of backups what redisha.yaml says, with defaults where it says nothing", async () => {
    const bare = await deploymentOf(file(...REPLICATION, "backup: { repository: /srv/backups }"));
    expect(bare.backup).toEqual({
      repository: "/srv/backups",
      encryptTo: [],
      identities: [],
      compression: 3,
      retention: {},
      minimumRedundancy: 1,
      timezone: "UTC",
      check: { maxAgeMs: 26 * 3_600_000, maxShrink: 50, followedWithinMs: 15 * 60_000 },
    });
    const full = await deploymentOf(
      file(
        ...REPLICATION,
        "backup:",
        "  repository: s3://backups/shop",
        "  identities: [~/backup.key]",
        "  bandwidth: 50mb",
        "  check: { min_size: 1mb, verified_within: 8d }",
        "  s3: { endpoint: 'http://10.0.0.1:9000', access_key: { env: ID }, secret_key: { env: KEY } }",
        "  sftp: { user: backup, known_hosts: /etc/known }",
      ),
      { env: { HOME: "/home/ops", ID: "shop-id", KEY: "shop-key" } },
    );
    expect(full.backup).toMatchObject({
      identities: ["/home/ops/backup.key"],
      bandwidth: 50 * 1024 * 1024,
      check: { minSize: 1024 * 1024, verifiedWithinMs: 8 * 86_400_000 },
      s3: { endpoint: "http://10.0.0.1:9000" },
      sftp: { adapter: "ssh2", become: "none", user: "backup", knownHosts: "/etc/known" },
    });
    expect(await full.backup?.s3?.secretKey?.()).toBe("shop-key");
  });

  it("may take parts from an anchor", async () => {
    const text = file(
      "topology: replication",
      "hosts: { r1: &host { address: 10.0.1.10, zone: a }, r2: { address: 10.0.1.11 } }",
      "redis: { on: &all [r1, r2] }",
    );
    expect(
      (await deploymentOf(text.replace("r2: { address: 10.0.1.11 }", "r2: *host").replace("[r1, r2]", "[r1]")))
        .hosts[1],
    ).toMatchObject({ name: "r2", zone: "a" });
  });
});

describe("a file", () => {
  it("may hold several deployments, in its own order", async () => {
    const inventory = await load(readFileSync(packagePath("examples/two-deployments.yaml"), "utf8"));
    expect(inventory.deployments.map(({ name }) => name)).toEqual(["cache", "queue"]);
    expect(inventory.defaultDeployment).toBe("cache");
  });

  it.each(globSync("examples/*.yaml", { cwd: packagePath() }))("%s is right, and wise", async (path) => {
    expect((await loadInventory(packagePath(path))).warnings).toEqual([]);
  });
});
