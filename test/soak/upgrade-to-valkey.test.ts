import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { stringify } from "yaml";
import { lastRun } from "../fleet/broken-upgrade.ts";
import { deployCluster } from "../fleet/harness/deploy-cluster.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { redisha } from "../support/redisha.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const DONE = { code: 0, said: "" };
const FLAGS = ["--soak", "0s", "--waive", "backup", "--confirm", "fleet"];

/** Where an op of each begins, what runs is killed; all that was done until then is taken back. */
const KILLED_AT = ["install", "replicas[r2:6379].carry", "replicas[r2:6379].start", "replicas[r3:6379].start"];

/** The same, in whatever order servers come; it is gone on with. */
const KILLED_AND_ON = {
  sentinel: ["replicas[*].carry", "old_primaries[*].carry", "sentinels[*].s_carry"],
  cluster: ["replicas[*].carry", "old_primaries[*].carry", "old_primaries[*].start"],
};

describeOnFleet("an upgrade from packages of Redis to those of Valkey, under load from sixteen writers", () => {
  it.each(["no", "yes"])(
    "loses no write, leads back wherever it is killed before the point of no return, and outlasts boots (appendonly %s)",
    async (appendonly) => {
      await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm", "bookworm-backports"] });
      const deployment = await deploySentinel(fleet, { downAfterMs: 5_000, config: { appendonly } });
      await dress(fleet, deployment);
      for (const host of fleet.hosts) await offerPool(host, "bookworm-backports");
      const before = await standOf(fleet);
      const to = await offered(fleet);
      const up = ["upgrade", "--engine", "valkey", "--to", to, "--file", deployment.file, ...FLAGS];
      const writers = startWriters(servedBy(fleet));
      await delay(500);

      for (const step of KILLED_AT) {
        await killed(up, step);
        const back =
          step === "replicas[r3:6379].start"
            ? ["rollback", "--to", "7.0.15", "--file", deployment.file, "--confirm", "fleet", "--yes"]
            : lastRun(deployment, "rollback");
        expect(await ended(back)).toEqual(DONE);
        await deployment.settled(120_000);
        expect(await standOf(fleet)).toEqual(before);
        process.stdout.write(`killed at ${step}: taken back\n`);
      }

      expect(await ended(up)).toEqual(DONE);
      await delay(300);
      const { gapMs } = await writers.stop();
      await deployment.settled(120_000);
      const [primary = ""] = await deployment.primaries();
      const lost = await lostOf(deployment, primary, writers);
      process.stdout.write(
        `to Valkey ${to}: ${writers.acked.length} writes, ${lost.length} lost, none for ${gapMs} ms\n`,
      );
      expect(lost).toEqual([]);
      const moved = await standOf(fleet);
      for (const stand of moved)
        expect(stand).toMatchObject({
          server: `valkey ${to} of valkey-server.service, 4096`,
          sentinel: `${to} of valkey-sentinel.service`,
        });
      expect(moved.map(({ users }) => users)).toEqual(before.map(({ users }) => users));

      const yaml = await readFile(deployment.file, "utf8");
      await writeFile(
        deployment.file,
        yaml.replace("name: redis", "name: valkey").replace(/version: 7\S+/, `version: ${to}`),
      );
      expect(await ended(["status", "--file", deployment.file])).toEqual(DONE);
      for (const { name } of fleet.hosts) {
        await fleet.reboot(name);
        await deployment.settled(120_000);
      }
      expect(await standOf(fleet)).toEqual(moved);
      expect(await lostOf(deployment, (await deployment.primaries())[0] ?? "", writers)).toEqual([]);
    },
  );
});

describeOnFleet("an upgrade from packages of Redis to those of Valkey that is killed again and again", () => {
  it.each(["sentinel", "cluster"] as const)("is gone on with and loses no write (%s)", async (kind) => {
    const cluster = kind === "cluster";
    await using fleet = await bootFleet({ hosts: cluster ? 6 : 3, pools: ["bookworm", "bookworm-backports"] });
    const deployment = cluster
      ? await deployCluster(fleet, { nodeTimeoutMs: 5_000 })
      : await deploySentinel(fleet, { downAfterMs: 5_000 });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-backports");
    const to = await offered(fleet);
    const served = servedBy(fleet).status.processes.filter(({ service }) => !cluster || service === "redis");
    const writers = startWriters({ status: { topology: kind, processes: served } });
    let next = ["upgrade", "--engine", "valkey", "--to", to, "--file", deployment.file, ...FLAGS];
    const plan = await redisha([...next, "--dry-run"]);
    expect(plan.code, plan.stdout + plan.stderr).toBe(0);
    expect(plan.stdout).toContain("r1: valkey-server not there");
    for (const step of KILLED_AND_ON[kind]) {
      await killed(next, step);
      next = lastRun(deployment, "resume");
    }
    expect(await ended(next)).toEqual(DONE);
    await delay(300);
    const { gapMs } = await writers.stop();
    await deployment.settled(120_000);
    const [primary = ""] = await deployment.primaries();
    const cli = (id: string, ...words: string[]) => deployment.cli(id, ...(cluster ? ["-c"] : []), ...words);
    const lost = await lostOf({ cli }, primary, writers);
    process.stdout.write(`${kind}: ${writers.acked.length} writes, ${lost.length} lost, none for ${gapMs} ms\n`);
    expect(lost).toEqual([]);
    for (const { name } of fleet.hosts) {
      expect(await deployment.cli(`${name}:6379`, "INFO", "server")).toContain(`valkey_version:${to}`);
      await fleet.reboot(name);
      await deployment.settled(120_000);
    }
    expect(await lostOf({ cli }, (await deployment.primaries())[0] ?? "", writers)).toEqual([]);
  });
});

describeOnFleet("an upgrade from packages of Redis to those of Valkey, of a deployment that init has set up", () => {
  it("leaves nothing that differs from redisha.yaml, and is gone back from by its backup and the programs that are still there", async () => {
    await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm", "bookworm-backports", "bookworm-extras"] });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-backports");
    const to = await offered(fleet);
    const file = join(fleet.folder, "redisha.yaml");
    const declare = async (engine: Record<string, string>) => writeFile(file, await declared(fleet, engine));
    await declare({ name: "redis", version: "7.0.15", source: "apt" });
    expect(await ended(["init", "--file", file, "--yes"])).toEqual(DONE);
    const ask = (id: string, project: string, ...words: string[]) => {
      const [host = "", port = ""] = id.split(":");
      const tls = `--tls --cacert /etc/${project}/tls/ca.crt`;
      return fleet
        .host(host)
        .exec(`REDISCLI_AUTH=${PASSWORD} redis-cli ${tls} --user redisha -p ${port} ${words.join(" ")}`);
    };
    await ask("r1:6379", "redis", "SET", "was", "before");

    const up = ["upgrade", "--engine", "valkey", "--to", to, "--file", file, "--soak", "0s", "--confirm", "owned"];
    expect(await ended(up)).toEqual(DONE);
    await declare({ name: "valkey", version: to, source: "apt" });
    expect(await ended(["status", "--file", file])).toEqual(DONE);
    const drift = await redisha(["init", "--drift", "--file", file]);
    // Directives that Redis 7.0 did not have are to be said now; all that was said before is where it belongs.
    const changes = drift.stdout.split("\n").filter((line) => /^ +[-+~!] /.test(line) && !line.includes("valkey.conf"));
    expect(
      changes.filter((line) => !/\+ set-max-listpack/.test(line)),
      drift.stdout,
    ).toEqual([]);

    const back = [
      "rollback",
      "--to",
      "7.0.15",
      "--directory",
      "/usr",
      "--lose",
      "1gb",
      "--file",
      file,
      "--confirm",
      "owned",
    ];
    expect(await ended(back)).toEqual(DONE);
    await declare({ name: "redis", version: "7.0.15", source: "directory", directory: "/usr" });
    expect(await ended(["status", "--file", file])).toEqual(DONE);
    for (const { name } of fleet.hosts) expect(await ask(`${name}:6379`, "valkey", "GET", "was")).toContain("before");
  });
});

const PASSWORD = "of-everybody-1";

/** redisha.yaml of hosts that are to be set up with all that a deployment has: users, certificates, a firewall, exporters, backups. */
async function declared(fleet: Fleet, engine: Record<string, string>): Promise<string> {
  await writeFile(join(fleet.folder, "password"), PASSWORD, { mode: 0o600 });
  const on = fleet.hosts.map(({ name }) => name);
  const login = { password: { file: "password" } };
  const deployment = {
    ...{ topology: "sentinel", master_name: "mymaster", engine, tls: { authority: {} } },
    hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
    redis: { on, initial_primary: "r1", config: { maxmemory: "100mb", "repl-diskless-sync-delay": 0 } },
    sentinel: { on, down_after: "5s", failover_timeout: "8s" },
    ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
    firewall: { manager: "ufw" },
    auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
    users: { replication: login, sentinel: login, exporter: login },
    monitoring: { exporter: { on, from: ["10.9.9.9"] } },
    backup: { repository: join(fleet.folder, "repository") },
  };
  return stringify({ version: 1, deployments: { owned: deployment } });
}

/** Users in a file, and something of the operator's own in the unit. */
async function dress(fleet: Fleet, deployment: FleetDeployment): Promise<void> {
  for (const host of fleet.hosts) {
    await host.exec(`printf 'user default on nopass ~* &* +@all\\nuser app on >secret ~app:* &* +@read\\n' >/etc/redis/users.acl
      chown redis:redis /etc/redis/users.acl; chmod 640 /etc/redis/users.acl
      echo 'aclfile /etc/redis/users.acl' >>/etc/redis/redis.conf
      mkdir -p /etc/systemd/system/redis-server.service.d
      printf '[Service]\\nLimitNOFILE=4096\\n' >/etc/systemd/system/redis-server.service.d/limits.conf
      systemctl daemon-reload; systemctl restart redis-server`);
    await deployment.settled(120_000);
  }
}

async function ended(argv: readonly string[]) {
  const { code, stdout, stderr } = await redisha([...argv, "--json"]);
  return { code, said: code === 0 ? "" : (stdout + stderr).slice(-4_000) };
}

async function killed(argv: readonly string[], step: string): Promise<void> {
  const begun = new RegExp(`"op_started","step":"${step.replace(/[[\].]/g, "\\$&").replace("*", "[^\\]]*")}"`);
  let was = false;
  const { stdout, stderr } = await redisha([...argv, "-o", "jsonl"], {
    onStdout: (text, kill) => {
      if (was || !begun.test(text)) return;
      was = true;
      setTimeout(() => kill("SIGKILL"), 300);
    },
  });
  expect({ step, was }, (stdout + stderr).slice(-4_000)).toEqual({ step, was: true });
}

/** What runs on each host and by which unit, what is installed of both projects, what a boot would start, and who may log in. */
function standOf(fleet: Fleet) {
  const running = (port: number) => `
    info=$(redis-cli -p ${port} INFO server | tr -d '\\r')
    pid=$(echo "$info" | sed -n 's/^process_id://p')
    version=$(echo "$info" | sed -n 's/^valkey_version://p'); [ -n "$version" ] || version=$(echo "$info" | sed -n 's/^redis_version://p')
    unit=$(sed -n 's/^0::.*\\///p' /proc/$pid/cgroup)`;
  return Promise.all(
    fleet.hosts.map(async (host) => ({
      server: await host.exec(`${running(6379)}
        echo "$(stat -c %U /proc/$pid) $version of $unit, $(awk '/^Max open files/ { print $4 }' /proc/$pid/limits)"`),
      sentinel: await host.exec(`${running(26379)}
        echo "$version of $unit"`),
      packages: await host.exec(
        "dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\\n' 'redis-*' 'valkey-*' 2>/dev/null | grep -v ^un | sort",
      ),
      boots: await host.exec(
        "ls /etc/systemd/system /etc/systemd/system/multi-user.target.wants | grep -E 'redis|valkey|sentinel'",
      ),
      folders: await host.exec("ls -d /etc/redis /etc/valkey /usr/sbin/policy-rc.d* 2>/dev/null || true"),
      // Valkey says of everybody what Redis leaves out where it is so by itself.
      users: await host.exec("redis-cli ACL LIST | sed 's/ sanitize-payload//'"),
      priority: await host.exec("redis-cli CONFIG GET replica-priority | tail -n 1"),
      left: await host.exec("dpkg --audit"),
    })),
  );
}

/** The release of Valkey that apt of the hosts offers. */
async function offered(fleet: Fleet): Promise<string> {
  const found = await fleet.host("r1").exec("apt-cache madison valkey-tools | cut -d'|' -f2 | tr -d ' ' | head -n 1");
  return found.replace(/[-+~].*/s, "");
}
