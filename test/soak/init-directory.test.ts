import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { unpackEngine } from "../fleet/unpack-engine.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the-operators-0wn";
const ENGINE = "valkey-9.1";

describeOnFleet("init of a release that Debian has no package of, from a directory of programs", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    file = join(fleet.folder, "redisha.yaml");
    writeFileSync(join(fleet.folder, "password"), PASSWORD, { mode: 0o600 });
    const login = { password: { file: "password" } };
    const on = ["r1", "r2", "r3"];
    const deployment = {
      topology: "sentinel",
      master_name: "mymaster",
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "valkey", version: "9.1", source: "directory", directory: `/opt/${ENGINE}` },
      redis: { on, initial_primary: "r1", config: { maxmemory: "100mb", "repl-diskless-sync-delay": 0 } },
      sentinel: { on, down_after: "2s", failover_timeout: "8s" },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
      users: { replication: login, sentinel: login },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { bare: deployment } }));
  });
  afterAll(() => fleet?.down());

  const init = async (...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, error, said: `${JSON.stringify(error)} ${stderr}` };
  };
  const healthy = async () => (await redisha(["status", "--file", file])).code === 0;
  const unpack = (host: string) => unpackEngine(fleet, host, ENGINE);

  it("is refused where the programs are missing on a host, and touches nothing", async () => {
    await unpack("r1");
    const { code, error } = await init("--yes");
    expect(code).toBe(4);
    expect(error).toMatchObject({ code: "INIT_NO_PROGRAM", state: "nothing was touched" });
    expect((await fleet.host("r1").attempt("id valkey")).code).not.toBe(0);
  });

  it("comes up under units of redisha's own, and a second run changes nothing", async () => {
    await Promise.all(["r2", "r3"].map(unpack));
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    expect(await healthy()).toBe(true);
    expect(await fleet.host("r1").exec("ps -o user= -p $(systemctl show -P MainPID valkey-server)")).toMatch(/^valkey/);
    const again = await init("--yes");
    expect(again.result, again.said).toMatchObject({ differs: false });
  });

  it("is started again when a server is killed, and comes back healthy when all hosts are rebooted", async () => {
    await fleet.host("r2").exec("systemctl kill --signal=KILL valkey-server");
    await until(healthy);
    await Promise.all(fleet.hosts.map((host) => fleet.reboot(host)));
    await until(healthy);
    expect((await init("--drift")).code).toBe(0);
  });

  it("names what somebody changed in a unit, and mends it", async () => {
    await fleet
      .host("r3")
      .exec("sed -i 's/^LimitNOFILE=.*/LimitNOFILE=2048/' /etc/systemd/system/valkey-server.service");
    const drift = await init("--drift");
    expect(drift.code).toBe(4);
    expect(JSON.stringify(drift.result.instances["r3:6379"].files)).toContain('"was":"2048","will":"65535"');
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    expect((await init("--drift")).code).toBe(0);
  });
});
