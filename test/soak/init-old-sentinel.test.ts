import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = { old: "one-for-all-of-them", new: "another-for-all-of-them" };

describeOnFleet("Sentinels of Redis 6.0, which have one password and no users", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3, suite: "bullseye" });
    file = join(fleet.folder, "redisha.yaml");
    for (const [name, password] of Object.entries(PASSWORD)) {
      writeFileSync(join(fleet.folder, name), password, { mode: 0o600 });
    }
    declare({ password: { file: "old" } });
  });
  afterAll(() => fleet?.down());

  const on = ["r1", "r2", "r3"];
  const declare = (sentinel: Record<string, unknown>) => {
    const login = { password: { file: "old" } };
    const deployment = {
      ...{ topology: "sentinel", master_name: "mymaster", timeouts: { connect: "1m", command: "1m" } },
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "redis", version: "6.0", source: "apt" },
      redis: { on, initial_primary: "r1", config: { maxmemory: "100mb", "repl-diskless-sync-delay": 0 } },
      sentinel: { on, down_after: "30s" },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login }, sentinel },
      users: { replication: login, sentinel: login },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { old: deployment } }));
  };
  const program = async (...argv: string[]) => {
    const { stdout, stderr, code } = await redisha([...argv, "--file", file, "--json"]);
    return { code, error: JSON.parse(stdout || "{}").error?.code, said: stderr };
  };
  const pings = (password: string) =>
    Promise.all(
      fleet.hosts.map((host) => host.exec(`REDISCLI_AUTH=${password} redis-cli -p 26379 PING 2>&1 | tail -n 1`)),
    );

  it("are set up with it, see each other, and let nobody in without it", async () => {
    const { code, said } = await program("init", "--yes");
    expect(code, said).toBe(0);
    expect(await pings(PASSWORD.old)).toEqual(["PONG", "PONG", "PONG"]);
    expect((await pings("wrong")).join()).not.toContain("PONG");
    await until(async () => (await program("status")).code === 0);
  });

  it("get another by init, one after the other, since rotate cannot give them two", async () => {
    declare({ password: { file: "new" }, previous_password: { file: "old" } });
    expect(await program("rotate", "--now", "--yes")).toMatchObject({ code: 4, error: "ROTATE_SENTINEL_TOO_OLD" });
    const { code, said } = await program("init", "--only", "sentinel", "--yes");
    expect(code, said).toBe(0);
    expect(await pings(PASSWORD.new)).toEqual(["PONG", "PONG", "PONG"]);
    expect((await pings(PASSWORD.old)).join()).not.toContain("PONG");
    declare({ password: { file: "new" } });
    await until(async () => (await program("status")).code === 0);
    expect((await program("init", "--drift")).code).toBe(0);
  });
});
