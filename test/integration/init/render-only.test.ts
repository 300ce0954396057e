import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { redisha } from "../../support/redisha.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-rendered-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Hosts of a network that leads nowhere. */
async function declare(name: string, engine: object, config: object = {}): Promise<string> {
  const password = join(folder, "password");
  await writeFile(password, "nobody-needs-1t", { mode: 0o600 });
  const on = ["r1", "r2"];
  const login = { password: { file: password } };
  const shop = {
    topology: "sentinel",
    master_name: "shop",
    hosts: { r1: { address: "192.0.2.1" }, r2: { address: "192.0.2.2" } },
    engine,
    redis: { on, initial_primary: "r2", config: { maxmemory: "1gb", ...config } },
    sentinel: { on, notification_script: "/opt/tell" },
    auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
    users: { replication: login, sentinel: login },
    firewall: { manager: "ufw", clients: ["10.0.2.0/24"] },
  };
  const file = join(folder, `${name}.yaml`);
  await writeFile(file, stringify({ version: 1, deployments: { shop } }));
  return file;
}

test("every file is written without a look at hosts, and what only they can tell is left open and named", async () => {
  const file = await declare("whole", { name: "redis", version: "7.0" });
  const out = join(folder, "out");
  const { code, stdout, stderr } = await redisha(["init", "--file", file, "--render-only", "--out", out, "--json"]);
  expect(code, stderr).toBe(0);
  const { result } = JSON.parse(stdout);
  expect(result.files).toContain("r1/etc/redis/sentinel.conf");
  expect(result.unknown.join("\n")).toMatch(/repl-backlog-size.*of r1:6379/);
  const conf = await readFile(join(out, "r1/etc/redis/redis.conf"), "utf8");
  expect(conf).toMatch(/^replicaof 192\.0\.2\.2 6379$/m);
  expect(conf).toMatch(/^maxmemory 1gb$/m);
  expect(conf).not.toMatch(/^repl-backlog-size/m);
  expect(await readFile(join(out, "r2/etc/redis/redis.conf"), "utf8")).not.toMatch(/^replicaof/m);
  expect(await readFile(join(out, "r2/ufw-commands"), "utf8")).toContain("allow proto tcp from 10.0.2.0/24");
  const allows = "r1/etc/systemd/system/redis-sentinel.service.d/50-redisha-executables.conf";
  expect(await readFile(join(out, allows), "utf8")).toMatch(/^ExecPaths=.* \/opt\/tell$/m);
  expect(await readFile(join(out, "r1/etc/redis/sentinel.conf"), "utf8")).toMatch(
    /^sentinel notification-script shop /m,
  );
  expect((await stat(join(out, "r1/etc/redis/users.acl"))).mode & 0o077).toBe(0);
});

test("it is refused where nobody says which version a file is for", async () => {
  const file = await declare("open", { name: "redis" });
  const { code, stdout } = await redisha([
    "init",
    "--file",
    file,
    "--render-only",
    "--out",
    join(folder, "no"),
    "--json",
  ]);
  expect(code).toBe(2);
  expect(JSON.parse(stdout).error).toMatchObject({ code: "INIT_VERSION_UNKNOWN" });
});

const REFUSED = [
  {
    what: "Sentinels of that version know no users, and redisha is to log in to them as one",
    ...{ version: "6.0", config: {}, code: "INIT_SENTINEL_USERS", next: "without a username" },
  },
  {
    what: "servers of Debian's packages would not start, since they cannot defragment",
    ...{ version: "7.0", config: { activedefrag: "yes" }, code: "INIT_NO_DEFRAG", next: "take activedefrag out" },
  },
];

test.each(REFUSED)("it is refused where $what", async ({ version, config, code, next }) => {
  const file = await declare(code, { name: "redis", version }, config);
  const ended = await redisha(["init", "--file", file, "--render-only", "--out", join(folder, code), "--json"]);
  expect(ended.code).toBe(2);
  const { error } = JSON.parse(ended.stdout);
  expect(error).toMatchObject({ code });
  expect(error.next.join()).toContain(next);
});
