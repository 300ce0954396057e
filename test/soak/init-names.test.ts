import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the-operators-0wn";

describeOnFleet("init of servers that go by names", () => {
  let fleet: Fleet;
  const names = ["r1", "r2", "r3"];
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    writeFileSync(join(fleet.folder, "password"), PASSWORD, { mode: 0o600 });
    const known = fleet.hosts.map(({ name, address }) => `${address} ${name}.example\\n`).join("");
    for (const host of fleet.hosts) await host.exec(`printf '${known}' >>/etc/hosts`);
  });
  afterAll(() => fleet?.down());

  const declare = (name: string, topology: Record<string, unknown>): string => {
    const login = { password: { file: "password" } };
    const deployment = {
      timeouts: { connect: "1m", command: "1m" },
      hosts: Object.fromEntries(
        fleet.hosts.map((host) => [host.name, { address: host.address, redis_address: `${host.name}.example` }]),
      ),
      engine: { name: "redis", version: "7.0", source: "apt" },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      ...topology,
      auth: { operator: { username: "redisha", ...login }, ...(topology.sentinel ? { sentinel: "same" } : {}) },
      users: { replication: login, ...(topology.sentinel ? { sentinel: login } : {}) },
    };
    const file = join(fleet.folder, `${name}.yaml`);
    writeFileSync(file, stringify({ version: 1, deployments: { [name]: deployment } }));
    return file;
  };
  const config = { maxmemory: "100mb", "repl-diskless-sync-delay": 0 };

  const init = async (file: string, ...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, said: `${JSON.stringify(error ?? result)} ${stderr}` };
  };
  const healthy = async (file: string) => (await redisha(["status", "--file", file])).code === 0;
  const cli = (port: number, command: string) =>
    fleet.host("r1").exec(`REDISCLI_AUTH=${PASSWORD} redis-cli --user redisha -p ${port} ${command}`);

  it("has Sentinels know and announce servers by them, before a failover and after", async () => {
    const file = declare("watched", {
      ...{ topology: "sentinel", master_name: "mymaster", tls: { authority: {} } },
      redis: { on: names, initial_primary: "r1", config },
      sentinel: { on: names, down_after: "5s", failover_timeout: "10s" },
    });
    const first = await init(file, "--yes");
    expect(first.code, first.said).toBe(0);
    const again = await init(file, "--yes");
    expect(again.result, again.said).toMatchObject({ differs: false });
    const tls = "--tls --cacert /etc/redis/tls/ca.crt";
    const primary = () => cli(26379, `${tls} SENTINEL GET-MASTER-ADDR-BY-NAME mymaster`);
    expect(await primary()).toBe("r1.example\n6379");
    const replicas = await cli(26379, `${tls} SENTINEL REPLICAS mymaster`);
    for (const name of ["r2", "r3"]) expect(replicas).toContain(`${name}.example`);
    await cli(26379, `${tls} SENTINEL FAILOVER mymaster`);
    await until(async () => /^r[23]\.example\n/.test(await primary()));
    await until(() => healthy(file));
    const after = await init(file, "--drift");
    expect(after.code, after.said).toBe(0);
  });

  it("has nodes of a Cluster tell clients names, and know each other", async () => {
    const file = declare("sharded", { topology: "cluster", redis: { on: names, ports: [7001, 7002], config } });
    const first = await init(file, "--yes");
    expect(first.code, first.said).toBe(0);
    const again = await init(file, "--yes");
    expect(again.result, again.said).toMatchObject({ differs: false });
    await until(() => healthy(file));
    const slots = await cli(7001, "CLUSTER SLOTS");
    for (const name of names) expect(slots).toContain(`${name}.example`);
    const moved = await cli(7001, "SET 0 1; true");
    const elsewhere = await cli(7002, "SET 0 1; true");
    expect(`${moved} ${elsewhere}`).toMatch(/MOVED \d+ r[1-3]\.example:700[12]/);
  });
});
