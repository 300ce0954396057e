import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { packagePath } from "../../src/core/package-root.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";

/**
 * On the host: as soon as the first of both files has changed, nothing comes over SSH any more, so that the program can be
 * killed between the two at any speed of the machine.
 */
const CUT = `
was=$(stat -c %Z /etc/redis/users.acl 2>/dev/null)
touch /tmp/watching
until [ -e /etc/redis/users.acl ] && [ "$(stat -c %Z /etc/redis/users.acl)" != "$was" ]; do :; done
pkill -STOP -u ops
touch /tmp/cut`;

describeOnFleet("init that is killed between two files of a server", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 1 });
    file = join(fleet.folder, "redisha.yaml");
    writeFileSync(join(fleet.folder, "password"), "the-operators-0wn", { mode: 0o600 });
    declare(false);
  });
  afterAll(() => fleet?.down());

  const declare = (more: boolean) => {
    const login = { password: { file: "password" } };
    const deployment = {
      ...{ topology: "replication", timeouts: { connect: "1m", command: "1m" } },
      hosts: { r1: { address: fleet.host("r1").address } },
      engine: { name: "redis", version: "7.0", source: "apt" },
      redis: { on: ["r1"], config: { maxmemory: "100mb", ...(more ? { "slowlog-max-len": 77 } : {}) } },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      auth: { operator: { username: "redisha", ...login } },
      users: { replication: login, ...(more ? { applications: { shop: { ...login, keys: ["cart:*"] } } } : {}) },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { killed: deployment } }));
  };
  const env = () => ({ REDISHA_STATE_DIR: join(fleet.folder, "state") });
  const program = (...argv: string[]) => redisha([...argv, "--file", file], { env: env() });
  const onHost = (command: string) => fleet.host("r1").exec(command);
  /** Everything in the folder, half-written files of any name too. */
  const files = () => onHost("cd /etc/redis 2>/dev/null && find . -type f | sort | xargs -r sha256sum || true");

  async function killedBetween(): Promise<void> {
    await onHost("rm -f /tmp/cut /tmp/watching");
    const cutting = fleet.host("r1").exec(CUT, { timeoutMs: 300_000 });
    const argv = ["init", "--yes", "--only", "packages,redis", "--file", file];
    const child = spawn(process.execPath, [packagePath("bin", "run.js"), ...argv], {
      env: { ...process.env, ...env() },
      stdio: "ignore",
    });
    await cutting;
    child.kill("SIGKILL");
    await once(child, "close");
    expect(child.signalCode).toBe("SIGKILL");
    await onHost("pkill -KILL -u ops || true");
  }

  /** Kills it twice: what was there is there again after the way back, and what is declared after the way on. */
  async function expectNothingHalf(): Promise<string> {
    const before = await files();
    await killedBetween();
    expect(await files()).not.toBe(before);
    const back = await program("runs", "rollback", "last", "--yes");
    expect(back.code, back.stderr).toBe(0);
    expect(await files()).toBe(before);
    await killedBetween();
    const on = await program("runs", "resume", "last", "--yes");
    expect(on.code, on.stderr).toBe(0);
    expect((await program("init", "--drift")).stdout).not.toContain("/etc/redis/");
    return files();
  }

  it("leaves a bare host as its package had it when it is taken back, and comes to its end when it is gone on with", async () => {
    const { code, stderr } = await program("init", "--yes", "--only", "packages");
    expect(code, stderr).toBe(0);
    expect((await expectNothingHalf()).match(/[^ /]+$/gm)).toEqual(["redis.conf", "users.acl"]);
  });

  it("leaves the files of a live server as they were, or as declared", async () => {
    declare(true);
    expect((await expectNothingHalf()).match(/[^ /]+$/gm)).toEqual(["redis.conf", "users.acl"]);
    expect(await onHost("cat /etc/redis/redis.conf")).toContain("slowlog-max-len 77");
    expect(await onHost("cat /etc/redis/users.acl")).toContain("user shop");
  });
});
