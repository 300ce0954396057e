import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const EVERYBODY = "of-everybody-so-far";
const OPERATOR = "the-operators-0wn";

describeOnFleet("init of a deployment where all log in with the one password of requirepass", () => {
  let fleet: Fleet;
  let file: string;
  const names = ["r1", "r2", "r3"];
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    await deploySentinel(fleet, { password: EVERYBODY });
    file = join(fleet.folder, "users.yaml");
    writeFileSync(join(fleet.folder, "operator"), OPERATOR, { mode: 0o600 });
    writeFileSync(join(fleet.folder, "everybody"), EVERYBODY, { mode: 0o600 });
    declare({ previous_username: "default", previous_password: { file: "everybody" } });
  });
  afterAll(() => fleet?.down());

  const declare = (before: Record<string, unknown>) => {
    const login = { password: { file: "operator" } };
    const deployment = {
      ...{ topology: "sentinel", master_name: "mymaster", timeouts: { connect: "1m", command: "1m" } },
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "redis", version: "7.0", source: "apt" },
      redis: { on: names, initial_primary: "r1", config: { maxmemory: "100mb", "repl-diskless-sync-delay": 0 } },
      sentinel: { on: names, down_after: "10s", failover_timeout: "20s" },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login, ...before }, sentinel: "same" },
      users: { replication: login, sentinel: login, applications: { shop: { ...login, keys: ["*"] } } },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { open: deployment } }));
  };

  const init = async (...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, error, said: `${JSON.stringify(error ?? result)} ${stderr}` };
  };
  const healthy = async () => (await redisha(["status", "--file", file])).code === 0;
  const onAll = (command: string) => Promise.all(fleet.hosts.map((host) => host.exec(command)));
  const asBefore = "redis-cli -a of-everybody-so-far --no-auth-warning";
  const started = () => onAll("systemctl show -P ExecMainStartTimestampMonotonic redis-server");

  /** On every host somebody logs in anew all the time, as all have done so far. Gives what ends it and says what was refused. */
  const logIns = async () => {
    // One that is restarted cuts who is connected; nobody is to be told that they may not log in.
    const refusals = "WRONGPASS|NOAUTH|NOPERM|DENIED";
    const loop = `while [ ! -e /tmp/enough ]; do ${asBefore} DBSIZE 2>&1 | grep -E "${refusals}"; sleep 0.05; done >/tmp/refused
touch /tmp/ended`;
    await onAll(`printf '%s\n' '${loop}' >/tmp/loop; nohup sh /tmp/loop >/dev/null 2>&1 &`);
    return async () => {
      await onAll("touch /tmp/enough; while [ ! -e /tmp/ended ]; do sleep 0.1; done");
      return onAll("sort /tmp/refused | uniq -c");
    };
  };

  it("takes a restart, which somebody has to agree to", async () => {
    const before = await started();
    const { code, error, said } = await init("--yes");
    expect({ code, error: error?.code }, said).toEqual({ code: 4, error: "ASSERT_FAILED" });
    expect(await started()).toEqual(before);
  });

  it("gives it users, while everybody goes on to be let in as before", async () => {
    const stop = await logIns();
    const { code, said } = await init("--yes", "--restart");
    expect(code, said).toBe(0);
    expect(await stop()).toEqual(["", "", ""]);
    await until(healthy);
    const again = await init("--yes");
    expect(again.result, again.said).toMatchObject({ differs: false });
    const as = (user: string, port: number) => `REDISCLI_AUTH=${OPERATOR} redis-cli --user ${user} -p ${port} PING`;
    expect(await onAll(as("redisha", 6379))).toEqual(["PONG", "PONG", "PONG"]);
    expect(await onAll(as("redisha", 26379))).toEqual(["PONG", "PONG", "PONG"]);
    expect(await onAll(as("shop", 6379))).toEqual(["PONG", "PONG", "PONG"]);
    expect(await onAll("redis-cli -p 26379 PING")).toEqual(["PONG", "PONG", "PONG"]);
    expect((await onAll("cat /etc/redis/redis.conf")).join()).not.toMatch(/^(requirepass|user) /m);
  });

  it("lets in nobody without a user of their own once the password of all is declared no more, and restarts no server", async () => {
    declare({});
    const before = await started();
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    expect(await started()).toEqual(before);
    for (const said of await onAll(`${asBefore} PING 2>&1`)) expect(said).toMatch(/WRONGPASS|NOAUTH/);
    for (const said of await onAll("redis-cli -p 26379 PING 2>&1")) expect(said).toContain("NOAUTH");
    await until(healthy);
    expect((await init("--drift")).result).toMatchObject({ differs: false });
  });
});
