import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { type KillMoment, killedAt } from "../support/killed-at.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PROGRAM = "/opt/redis_exporter/redis_exporter";

/** Ops of the rotation itself, and of the exporters in its middle, each killed before and behind it. */
const PASSWORD_KILLS = killsAt(
  ...["accept", "accept_sentinels", "replicas", "sentinels"],
  ...["exporters.hosts[r1:6379].place", "exporters.hosts[r2:6379].of_servers", "exporters.hosts[r2:6379].of_sentinels"],
  ...["refuse", "refuse_sentinels"],
);
const CERTIFICATE_KILLS = killsAt(
  ...["clients", "exporters.hosts[r1:6379].place", "put"],
  ...["exporters_new_only.hosts[r1:6379].place", "exporters_new_only.hosts[r2:6379].of_sentinels"],
).filter((_kill, at) => [0, 3].includes(at % 4));

type Kill = KillMoment & { readonly verb: "resume" | "rollback" };

function killsAt(...steps: readonly string[]): Kill[] {
  return steps.flatMap((step) =>
    (["op_started", "op_finished"] as const).flatMap((type) =>
      (["resume", "rollback"] as const).map((verb) => ({ step, type, verb })),
    ),
  );
}

describeOnFleet("exporters of a program of one's own, on two of three hosts", () => {
  let fleet: Fleet;
  let file: string;
  let password = "first-of-the-exporter";
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    writeFileSync(join(fleet.folder, "operator"), "the-operators-0wn", { mode: 0o600 });
    file = join(fleet.folder, "redisha.yaml");
    declare({ password: given("first", password) });
  });
  afterAll(() => fleet?.down());

  const names = ["r1", "r2", "r3"];
  const measuring = ["r1", "r2"];
  const env = () => ({ REDISHA_STATE_DIR: join(fleet.folder, "state") });
  const program = (...argv: string[]) => redisha([...argv, "--file", file], { env: env() });

  /** A password in a file beside redisha.yaml. */
  function given(name: string, text: string): { file: string } {
    writeFileSync(join(fleet.folder, name), text, { mode: 0o600 });
    return { file: name };
  }

  /** All logins that exporters, servers and Sentinels have change at once; that of redisha to servers stays. */
  function declare(changing: Record<string, unknown>): void {
    const login = { password: { file: "operator" } };
    const deployment = {
      ...{ topology: "sentinel", master_name: "mymaster", tls: { authority: {}, clients: "required" } },
      // What a busy machine takes for a login is no matter of this test.
      timeouts: { connect: "1m", command: "1m" },
      hosts: Object.fromEntries(fleet.hosts.map(({ name, address }) => [name, { address }])),
      engine: { name: "redis", version: "7.0", source: "apt" },
      redis: { on: names, initial_primary: "r1", config: { maxmemory: "100mb", "repl-diskless-sync-delay": 0 } },
      sentinel: { on: names, down_after: "10s", failover_timeout: "20s" },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login }, sentinel: { username: "redisha", ...changing } },
      users: { replication: changing, sentinel: changing, exporter: changing },
      monitoring: { exporter: { on: measuring, from: ["10.0.0.0/8"], program: PROGRAM, user: "measurer" } },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { measured: deployment } }));
  }

  /** What an exporter says of an instance, as Prometheus asks it: 1 where it could log in; undefined while it starts. */
  async function measured(host: string, port: number, target: string): Promise<string | undefined> {
    const at = `http://${fleet.host(host).address}:${port}/scrape?target=${encodeURIComponent(`rediss://${target}`)}`;
    const text = await fetch(at)
      .then((answer) => answer.text())
      .catch(() => undefined);
    return text && /^redis_up (\d)$/m.exec(text)?.[1];
  }

  const asked = (...ports: readonly (readonly [number, number])[]) =>
    measuring.flatMap((host) =>
      names.flatMap((name) => ports.map(([port, of]) => ({ host, port, target: `${fleet.host(name).address}:${of}` }))),
    );

  /** All of both exporters see all servers and Sentinels. */
  async function expectAllMeasured(): Promise<void> {
    const blind = async () => {
      const of = asked([9121, 6379], [9122, 26379]);
      const said = await Promise.all(of.map(({ host, port, target }) => measured(host, port, target)));
      return of.filter((_each, at) => said[at] !== "1");
    };
    await until(async () => (await blind()).length === 0);
  }

  /** Asks for servers until it is told to stop; gives what an exporter that answered could not measure, and how often all went well. */
  function keepAsking(): { stop(): Promise<{ blind: string[]; seen: number }> } {
    let on = true;
    let seen = 0;
    const blind: string[] = [];
    const all = Promise.all(
      asked([9121, 6379]).map(async ({ host, port, target }) => {
        while (on) {
          const said = await measured(host, port, target);
          if (said === "1") seen += 1;
          if (said === "0") blind.push(`${host} of ${target}`);
          await delay(100);
        }
      }),
    );
    return {
      async stop() {
        on = false;
        await all;
        return { blind, seen };
      },
    };
  }

  /** Kills it there, has it come to its end, and holds what was measured meanwhile and after against what should be. */
  async function expectMeasuredAllAlong(argv: readonly string[], { verb, ...moment }: Kill): Promise<void> {
    const asking = keepAsking();
    await killedAt([...argv, "--yes", "-o", "jsonl", "--file", file], moment, env());
    const { code, stdout, stderr } = await program("runs", verb, "last", "--yes");
    expect(code, `${stdout} ${stderr}`).toBe(0);
    const { blind, seen } = await asking.stop();
    expect(blind).toEqual([]);
    expect(seen).toBeGreaterThan(0);
    await expectAllMeasured();
  }

  async function expectAsDeclared(): Promise<void> {
    await expectAllMeasured();
    const { code, stdout } = await program("init", "--drift", "--json");
    expect(code, stdout).toBe(0);
  }

  it("are refused by name where the program is not there", async () => {
    const { code, stdout } = await program("init", "--yes", "--json");
    expect(code, stdout).toBe(4);
    expect(stdout).toContain("monitoring.exporter.program");
  });

  it("measure all servers and Sentinels, and a second run starts nothing", async () => {
    for (const name of measuring) {
      await offerPool(fleet.host(name), "bookworm-extras");
      const unpack = "apt-get -qq download prometheus-redis-exporter && dpkg -x prometheus-redis-exporter_*.deb out";
      const put = `install -D -m 0755 out/usr/bin/prometheus-redis-exporter ${PROGRAM}`;
      await fleet.host(name).exec(`mkdir /tmp/x && cd /tmp/x && ${unpack} && ${put}`);
    }
    const { code, stdout, stderr } = await program("init", "--yes", "--json");
    expect(code, `${stdout} ${stderr}`).toBe(0);
    await expectAllMeasured();
    const started = () =>
      Promise.all(
        measuring.map((name) =>
          fleet
            .host(name)
            .exec("systemctl show -P ExecMainStartTimestampMonotonic 'redis-exporter-*'; id -un measurer"),
        ),
      );
    const before = await started();
    expect(JSON.parse((await program("init", "--yes", "--json")).stdout).result).toMatchObject({ differs: false });
    expect(await started()).toEqual(before);
    expect((await fleet.host("r3").attempt("ls /etc/redis-exporter")).code).not.toBe(0);
  });

  it.each(PASSWORD_KILLS)(
    "go on measuring when a rotation of passwords is killed at $type of $step, then $verb",
    async (kill) => {
      const next = `${kill.verb}-${kill.step}-${kill.type}-of-the-exporter`;
      declare({ password: given("next", next), previous_password: given("first", password) });
      await expectMeasuredAllAlong(["rotate", "--now", "--watch", "1s"], kill);
      if (kill.verb === "resume") password = next;
      declare({ password: given("first", password) });
      await expectAllMeasured();
      expect((await program("init", "--drift")).code).toBe(0);
    },
  );

  it.each(CERTIFICATE_KILLS)(
    "go on measuring when a new authority is killed at $type of $step, then $verb",
    async (kill) => {
      await expectMeasuredAllAlong(["rotate", "--only", "certificates", "--new-authority", "--now"], kill);
      await expectAsDeclared();
    },
  );
});
