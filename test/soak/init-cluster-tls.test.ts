import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the-operators-0wn";

describeOnFleet("a Cluster that is moved to TLS", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    const folder = join(fleet.folder, "declared");
    mkdirSync(folder, { mode: 0o700 });
    file = join(folder, "redisha.yaml");
    writeFileSync(join(folder, "password"), PASSWORD, { mode: 0o600 });
  });
  afterAll(() => fleet?.down());

  const declare = (tls?: object) => {
    const login = { password: { file: "password" } };
    const deployment = {
      topology: "cluster",
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "redis", version: "7.0", source: "apt" },
      redis: { on: ["r1", "r2", "r3"], ports: [6379, 6380], config: { maxmemory: "100mb" } },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login } },
      users: { replication: login },
      firewall: { manager: "ufw" },
      ...(tls ? { tls: { authority: {}, port_offset: 1000, ...tls } } : {}),
    };
    writeFileSync(file, stringify({ version: 1, deployments: { bare: deployment } }));
  };
  const init = async (...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, error, said: `${JSON.stringify(error ?? result)} ${stderr}` };
  };
  const healthy = async () => (await redisha(["status", "--file", file])).code === 0;
  const primaries = async () => {
    const { stdout } = await redisha(["status", "--file", file, "--json"]);
    const { nodes } = JSON.parse(stdout).result.topology;
    return nodes
      .filter(({ role }: { role: string }) => role === "primary")
      .map(({ host, id }: { host: string; id: string }) => `${host} ${id.split(":")[1]}`);
  };

  it("comes up in plain, with two servers on each host", async () => {
    declare();
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    await until(healthy);
  });

  it("moves by way of both, refuses no command of a client that stands, and nobody is promoted meanwhile", async () => {
    const before = await primaries();
    const login = `REDISCLI_AUTH=${PASSWORD} redis-cli --user redisha -c`;
    await fleet
      .host("r1")
      .exec(
        `nohup sh -c '(while [ ! -e /tmp/enough ]; do echo PING; sleep 0.1; done) | ${login} >/tmp/written 2>&1; touch /tmp/ended' >/dev/null 2>&1 &`,
      );
    declare({ mode: "both" });
    const both = await init("--yes");
    expect(both.code, both.said).toBe(0);
    declare({ mode: "only" });
    const only = await init("--yes");
    expect(only.code, only.said).toBe(0);
    await fleet.host("r1").exec("touch /tmp/enough; while [ ! -e /tmp/ended ]; do sleep 0.1; done");
    expect((await fleet.host("r1").exec("grep -vc '^PONG$' /tmp/written || true")).trim()).toBe("0");
    expect(await primaries()).toEqual(before);
    await until(healthy);
    expect((await init("--drift")).result).toMatchObject({ differs: false });
    expect((await fleet.host("r1").attempt("redis-cli -p 6379 PING")).stdout).not.toContain("PONG");
  });

  it("is the same after a reboot of all hosts", async () => {
    await Promise.all(fleet.hosts.map((host) => fleet.reboot(host)));
    await until(healthy);
    expect((await init("--drift")).result).toMatchObject({ differs: false });
  });

  it("asks for certificates of clients once that is declared, and redisha has one of its own", async () => {
    declare({ mode: "only", clients: "required", client_names: ["shop"] });
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    await until(healthy);
    expect((await init("--drift")).result).toMatchObject({ differs: false });
    const ca = "/etc/redis/tls/ca.crt";
    const bare = await fleet
      .host("r1")
      .attempt(`redis-cli --tls --cacert ${ca} -h ${fleet.host("r1").address} -p 7379 PING`);
    expect(bare.stdout + bare.stderr).not.toMatch(/NOAUTH|PONG/);
    const rotated = await redisha([
      ...["rotate", "--file", file, "--only", "certificates", "--new-authority", "--now", "--yes", "--json"],
    ]);
    expect(rotated.code, rotated.stdout + rotated.stderr).toBe(0);
    expect(await healthy()).toBe(true);
    const back = await redisha(["runs", "rollback", "last", "--file", file, "--yes", "--json"]);
    expect(back.code, back.stdout + back.stderr).toBe(0);
    expect(await healthy()).toBe(true);
  });
});
