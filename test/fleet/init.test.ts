import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";
import { CHANGES, type Hosts } from "./changes-by-hand.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

const PASSWORD = { operator: "the-operators-0wn", replication: "of-the-replicas-1", sentinel: "of-the-sentinels-2" };

/** Writes a redisha.yaml for bare hosts, with passwords in files beside it. */
function declare(fleet: Fleet, { name = "bare", ...topology }: Record<string, unknown>): string {
  const folder = join(fleet.folder, "declared");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [name, password] of Object.entries(PASSWORD)) {
    writeFileSync(join(folder, name), password, { mode: 0o600 });
  }
  const deployment = {
    hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
    engine: { name: "redis", version: "7.0", source: "apt" },
    firewall: { manager: "ufw" },
    ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
    ...topology,
  };
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify({ version: 1, deployments: { [String(name)]: deployment } }));
  return file;
}

const users = (sentinel: boolean) => ({
  auth: {
    operator: { username: "redisha", password: { file: "operator" } },
    ...(sentinel ? { sentinel: "same" } : {}),
  },
  users: {
    replication: { password: { file: "replication" } },
    ...(sentinel ? { sentinel: { password: { file: "sentinel" } } } : {}),
    applications: { shop: { password: { file: "operator" }, keys: ["cart:*"] } },
  },
});
const config = { maxmemory: "100mb", "repl-diskless-sync-delay": 0 };

async function init(file: string, ...flags: string[]) {
  const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
  const { result, error } = JSON.parse(stdout || "{}");
  return { result, error, code, stderr };
}

/** Everything that a second run must not touch: contents of files, and when each server started. */
async function fingerprint(fleet: Fleet): Promise<string[]> {
  return Promise.all(
    fleet.hosts.map((host) =>
      host.exec("sha256sum /etc/redis/*; systemctl show -P ExecMainStartTimestampMonotonic 'redis-*'"),
    ),
  );
}

async function healthy(file: string): Promise<boolean> {
  return (await redisha(["status", "--file", file])).code === 0;
}

function primaryOf(file: string): Promise<string> {
  return redisha(["status", "--file", file, "--json"]).then(
    ({ stdout }) => JSON.parse(stdout).result.topology.primary_id,
  );
}

/** Writes on the primary over one plain connection, some hundred times a second; gives what ends it and says what was not done. */
async function writer(fleet: Fleet, host: string): Promise<() => Promise<string>> {
  const login = `REDISCLI_AUTH=${PASSWORD.operator} redis-cli --user redisha`;
  await fleet
    .host(host)
    .exec(
      `nohup sh -c '(while [ ! -e /tmp/enough ]; do echo INCR written; sleep 0.01; done) | ${login} >/tmp/written 2>&1; touch /tmp/ended' >/dev/null 2>&1 &`,
    );
  return async () => {
    await fleet.host(host).exec("touch /tmp/enough; while [ ! -e /tmp/ended ]; do sleep 0.1; done");
    // What was not answered with a count, in the words of the server.
    return (await fleet.host(host).exec("grep -v '^[0-9][0-9]*$' /tmp/written | sort | uniq -c || true")).trim();
  };
}

describeOnFleet("init of a deployment with Sentinel, on bare hosts", () => {
  let fleet: Fleet;
  let file: string;
  const on = ["r1", "r2", "r3"];
  const asOperator = (host: string, port: number, command: string) =>
    fleet.host(host).exec(`REDISCLI_AUTH=${PASSWORD.operator} redis-cli --user redisha -p ${port} ${command}`);
  const byRole = async (): Promise<Hosts> => {
    const leads = await primaryOf(file);
    const [near, far] = fleet.hosts.filter(({ name }) => !leads.startsWith(`${name}:`));
    const primary = fleet.hosts.find(({ name }) => leads.startsWith(`${name}:`));
    if (!primary || !near || !far) throw new Error(`no primary with two replicas: ${leads}`);
    return { primary, near, far };
  };
  /** `CLI` and `WATCH` in a command of a table. */
  const asRoot = (command: string) => {
    const cli = `REDISCLI_AUTH=${PASSWORD.operator} redis-cli --user redisha`;
    return command.replaceAll("CLI ", `${cli} -p 6379 `).replaceAll("WATCH ", `${cli} -p 26379 `);
  };
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    file = declare(fleet, {
      topology: "sentinel",
      master_name: "mymaster",
      redis: { on, initial_primary: "r1", config },
      sentinel: { on, down_after: "2s", failover_timeout: "8s" },
      ...users(true),
    });
  });
  afterAll(() => fleet?.down());

  it("touches nothing when it only says what it would do", async () => {
    const { code, stderr } = await init(file, "--dry-run");
    expect(code, stderr).toBe(0);
    expect((await fleet.host("r1").attempt("ls /etc/redis")).code).not.toBe(0);
  });

  it("brings them up to a healthy deployment with users, in which nobody gets in without a password", async () => {
    const { code, error, stderr } = await init(file, "--yes");
    expect(code, `${JSON.stringify(error)} ${stderr}`).toBe(0);
    expect(await healthy(file)).toBe(true);
    expect(await primaryOf(file)).toBe("r1:6379");
    expect(await fleet.host("r1").exec("redis-cli -p 6379 PING 2>&1")).toContain("NOAUTH");
    expect(await fleet.host("r1").exec("redis-cli -p 26379 PING 2>&1")).toContain("NOAUTH");
    expect(stderr).not.toContain(PASSWORD.operator);
  });

  it("changes nothing when it is run again", async () => {
    const before = await fingerprint(fleet);
    const { code, result } = await init(file, "--yes");
    expect(code).toBe(0);
    expect(result).toMatchObject({ differs: false });
    expect(await fingerprint(fleet)).toEqual(before);
  });

  it("names each of many changes by hand, mends what is its to mend, and leaves the others alone", async () => {
    const hosts = await byRole();
    for (const { on: where, command } of CHANGES) await hosts[where].exec(asRoot(command(hosts)));
    const drift = await init(file, "--drift");
    expect(drift.code, JSON.stringify(drift.error)).toBe(4);
    const text = JSON.stringify(drift.result);
    expect(CHANGES.filter(({ named }) => !named.test(text)).map(({ what }) => what)).toEqual([]);
    const { code, error, stderr } = await init(file, "--yes");
    expect(code, `${JSON.stringify(error)} ${stderr}`).toBe(10);
    expect(error).toMatchObject({ code: "FIREWALL_EXPOSES" });
    expect((await init(file, "--drift")).result).toMatchObject({ to_do: false, differs: true });
    for (const { on: where, takeBack } of CHANGES) if (takeBack) await hosts[where].exec(takeBack);
    await until(() => healthy(file));
    const after = await init(file, "--drift");
    expect(after.code, JSON.stringify(after.result)).toBe(0);
  });

  it("keeps the roles that a failover gave, and the files that servers have rewritten since", async () => {
    await asOperator("r2", 26379, "SENTINEL FAILOVER mymaster");
    await until(async () => (await primaryOf(file)) !== "r1:6379" && (await healthy(file)));
    const primary = await primaryOf(file);
    const { code, result } = await init(file, "--yes");
    expect(code, JSON.stringify(result)).toBe(0);
    expect(result).toMatchObject({ differs: false, primary });
    expect(await primaryOf(file)).toBe(primary);
  });

  it("comes back healthy when all hosts are rebooted", async () => {
    await Promise.all(fleet.hosts.map((host) => fleet.reboot(host)));
    await until(() => healthy(file));
    expect((await init(file, "--drift")).code).toBe(0);
  });

  it("mends what is left of a host that lost its files", async () => {
    const primary = await primaryOf(file);
    const lost = on.find((name) => !primary.startsWith(`${name}:`)) ?? "";
    await fleet.host(lost).exec("systemctl stop redis-server && rm -rf /etc/redis/redis.conf /var/lib/redis/*");
    const { code, error } = await init(file, "--yes");
    expect(code, JSON.stringify(error)).toBe(0);
    expect(await healthy(file)).toBe(true);
    expect(await primaryOf(file)).toBe(primary);
  });

  it("refuses where every Sentinel names a replica, and does not make the outage permanent", async () => {
    const primary = await primaryOf(file);
    const replica = fleet.hosts.find(({ name }) => !primary.startsWith(`${name}:`))?.address ?? "";
    const stale = `sed -i -e 's/^sentinel monitor mymaster [^ ]*/sentinel monitor mymaster ${replica}/' -e '/^sentinel known-\\|epoch/d' /etc/redis/sentinel.conf`;
    await Promise.all(fleet.hosts.map((host) => host.exec(`systemctl stop redis-sentinel && ${stale}`)));
    const before = await fingerprint(fleet);
    const { code, result, error } = await init(file, "--yes");
    expect(code).toBe(4);
    expect(error ?? result.error).toMatchObject({ code: "INIT_SENTINELS_STALE" });
    expect(await fingerprint(fleet)).toEqual(before);
    for (const host of fleet.hosts) await host.exec("rm /etc/redis/sentinel.conf");
    expect((await init(file, "--yes")).code).toBe(0);
    expect(await healthy(file)).toBe(true);
    expect(await primaryOf(file)).toBe(primary);
  });

  it("moves it to TLS without an outage: both ports first, then the new one alone", async () => {
    const declared = parse(readFileSync(file, "utf8"));
    const tls = { authority: {}, port_offset: 1000 };
    const declareTls = (mode: string) => {
      declared.deployments.bare.tls = { ...tls, mode };
      writeFileSync(file, stringify(declared));
    };
    const primary = await primaryOf(file);
    const [host = ""] = primary.split(":");
    // Somebody who is connected all the time, and writes.
    const stop = await writer(fleet, host);
    declareTls("both");
    const both = await init(file, "--yes");
    expect(both.code, JSON.stringify(both.error ?? both.result)).toBe(0);
    expect((await init(file, "--drift")).result).toMatchObject({ differs: false, hosts: {}, instances: {} });
    const ca = "--tls --cacert /etc/redis/tls/ca.crt";
    expect(await asOperator(host, 7379, `${ca} PING`)).toContain("PONG");
    expect(await asOperator(host, 6379, "PING")).toContain("PONG");
    declareTls("only");
    const only = await init(file, "--yes");
    expect(only.code, JSON.stringify(only.error ?? only.result)).toBe(0);
    expect(await stop()).toBe("");
    expect((await init(file, "--drift")).result).toMatchObject({ differs: false, primary });
    expect(await healthy(file)).toBe(true);
    expect((await fleet.host(host).attempt("redis-cli -p 6379 PING")).stdout).not.toContain("PONG");
    expect(await fleet.host(host).exec("stat -c '%U %a' /etc/redis/tls/server.pem")).toContain("redis 640");
  });

  it("gives every server a certificate of a new authority, one after the other", async () => {
    const { code, stdout, stderr } = await redisha([
      ...["rotate", "--file", file, "--only", "certificates", "--new-authority", "--now", "--yes", "--json"],
    ]);
    expect(code, `${stderr} ${stdout}`).toBe(0);
    expect(await healthy(file)).toBe(true);
    expect((await init(file, "--drift")).result).toMatchObject({ differs: false, hosts: {}, instances: {} });
  });
});

describeOnFleet("init of two deployments on bare hosts, each in one run with TLS, users and a firewall", () => {
  let fleet: Fleet;
  /** r1 to r3: Sentinel. r4 to r6: six instances of a Cluster. Each is a stranger to the other. */
  let files: { three: string; six: string };
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 6 });
    await listenOnTwoPorts(fleet, "r1");
    const names = fleet.hosts.map(({ name }) => name);
    const [three, six] = [names.slice(0, 3), names.slice(3)];
    const hosts = (some: readonly string[]) =>
      Object.fromEntries(some.map((name) => [name, { address: fleet.host(name).address }]));
    const r1 = { address: fleet.host("r1").address, ssh: { port: 2222 } };
    files = {
      three: declare(fleet, {
        ...{ name: "three", topology: "sentinel", master_name: "mymaster", tls: { authority: {} } },
        hosts: { ...hosts(three), r1 },
        redis: { on: three, initial_primary: "r1", config },
        sentinel: { on: three, down_after: "2s", failover_timeout: "8s" },
        ...users(true),
      }),
      six: declare(fleet, {
        ...{ name: "six", topology: "cluster", tls: { authority: {} }, hosts: hosts(six) },
        redis: { on: six, ports: [6379, 6380], config },
        ...users(false),
      }),
    };
  });
  afterAll(() => fleet?.down());
  const reach = (from: string, to: string, port: number) => {
    const attempt = `timeout 3 bash -c '</dev/tcp/${fleet.host(to).address}/${port}' 2>/dev/null`;
    return fleet.host(from).exec(`${attempt} && printf open || printf closed`);
  };

  it("brings both up healthy, and changes nothing when it is run again", async () => {
    const all = Object.values(files);
    for (const { code, error, stderr } of await Promise.all(all.map((file) => init(file, "--yes")))) {
      expect(code, `${JSON.stringify(error)} ${stderr}`).toBe(0);
    }
    for (const file of all) await until(() => healthy(file));
    const before = await fingerprint(fleet);
    for (const { result } of await Promise.all(all.map((file) => init(file, "--yes")))) {
      expect(result).toMatchObject({ differs: false });
    }
    expect(await fingerprint(fleet)).toEqual(before);
  });

  it("lets hosts of a deployment reach each other, and none from outside; SSH is open on both of its ports", async () => {
    const inside = [
      reach("r2", "r1", 6379),
      reach("r2", "r1", 26379),
      reach("r5", "r4", 6380),
      reach("r5", "r4", 16379),
    ];
    expect(await Promise.all(inside)).toEqual(inside.map(() => "open"));
    const outside = [
      reach("r4", "r1", 6379),
      reach("r4", "r1", 26379),
      reach("r1", "r4", 6380),
      reach("r1", "r4", 16379),
    ];
    expect(await Promise.all(outside)).toEqual(outside.map(() => "closed"));
    expect(await fleet.host("r1").exec("ufw status")).toMatch(/2222\/tcp +ALLOW/);
    expect((await fleet.host("r1").ssh("true")).code).toBe(0);
  });

  it("comes back healthy when all hosts are rebooted", async () => {
    await Promise.all(fleet.hosts.map((host) => fleet.reboot(host)));
    for (const file of Object.values(files)) {
      await until(() => healthy(file));
      expect((await init(file, "--drift")).code).toBe(0);
    }
  });
});

/** Has sshd of a host listen on 2222, too, as this machine knows it. */
async function listenOnTwoPorts(fleet: Fleet, name: string): Promise<void> {
  const { address, exec } = fleet.host(name);
  await exec("printf 'Port 22\\nPort 2222\\n' >/etc/ssh/sshd_config.d/two.conf && systemctl restart ssh");
  const known = readFileSync(fleet.knownHosts, "utf8").split("\n");
  const same = known.filter((line) => line.startsWith(`${address} `));
  const more = same.map((line) => `${line.replace(address, `[${address}]:2222`)}\n`);
  writeFileSync(fleet.knownHosts, known.join("\n") + more.join(""));
}
