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
async function declare(name: string, engine: object): Promise<string> {
  const password = join(folder, "password");
  await writeFile(password, "nobody-needs-1t", { mode: 0o600 });
  const on = ["r1", "r2"];
  const login = { password: { file: password } };
  const shop = {
    topology: "sentinel",
    master_name: "shop",
    hosts: { r1: { address: "192.0.2.1" }, r2: { address: "192.0.2.2" } },
    engine,
    redis: { on, initial_primary: "r2", config: { maxmemory: "1gb" } },
    sentinel: { on },
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

test("it is refused where Sentinels of that version know no users, and redisha is to log in to them as one", async () => {
  const file = await declare("users", { name: "redis", version: "6.0" });
  const out = join(folder, "none");
  const { code, stdout } = await redisha(["init", "--file", file, "--render-only", "--out", out, "--json"]);
  expect(code).toBe(2);
  const { error } = JSON.parse(stdout);
  expect(error).toMatchObject({ code: "INIT_SENTINEL_USERS" });
  expect(error.next.join()).toContain("without a username");
});
