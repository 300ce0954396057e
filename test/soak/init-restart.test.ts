import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the-operators-0wn";

describeOnFleet("init of Valkey with replication alone, two servers on each host", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 2, suite: "trixie" });
    file = join(fleet.folder, "redisha.yaml");
    writeFileSync(join(fleet.folder, "password"), PASSWORD, { mode: 0o600 });
    declare(16);
  });
  afterAll(() => fleet?.down());

  /** Databases can only be changed by a restart. */
  const declare = (databases: number) => {
    const login = { password: { file: "password" } };
    const deployment = {
      topology: "replication",
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "valkey", version: "8.1", source: "apt" },
      redis: {
        on: ["r1", "r2"],
        ports: [6379, 6380],
        initial_primary: "r1:6379",
        config: { maxmemory: "100mb", databases },
      },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login } },
      users: { replication: login },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { bare: deployment } }));
  };
  const init = async (...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, said: `${JSON.stringify(error)} ${stderr}` };
  };
  const healthy = async () => (await redisha(["status", "--file", file])).code === 0;
  const databases = () =>
    Promise.all(
      fleet.hosts.flatMap((host) =>
        [6379, 6380].map((port) =>
          host.exec(`REDISCLI_AUTH=${PASSWORD} valkey-cli --user redisha -p ${port} CONFIG GET databases | tail -n 1`),
        ),
      ),
    );

  it("brings all four up", async () => {
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    expect(await healthy()).toBe(true);
    expect((await init("--drift")).code).toBe(0);
  });

  it("restarts nothing that nobody agreed to, and then replicas first, the primary as one of them", async () => {
    declare(32);
    expect((await init("--yes")).code).toBe(4);
    expect(await databases()).toEqual(["16", "16", "16", "16"]);
    const { code, result, said } = await init("--yes", "--restart");
    expect(code, said).toBe(0);
    expect(await databases()).toEqual(["32", "32", "32", "32"]);
    expect(result.outputs.primary).not.toBe("r1:6379");
    expect(await healthy()).toBe(true);
    expect((await init("--drift")).code).toBe(0);
  });

  it("mends in a second run what the loss of a host left behind", async () => {
    declare(24);
    const first = init("--yes", "--restart");
    await until(async () => (await fleet.host("r1").attempt("grep -qx 'databases 24' /etc/valkey/*.conf")).code === 0);
    await fleet.powerOff("r2");
    expect((await first).code).not.toBe(0);
    await fleet.boot("r2");
    await until(async () => (await init("--yes", "--restart")).code === 0);
    expect(await databases()).toEqual(["24", "24", "24", "24"]);
    expect(await healthy()).toBe(true);
    expect((await init("--drift")).code).toBe(0);
  });
});
