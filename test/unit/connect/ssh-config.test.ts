import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseJump, resolveRoute } from "../../../src/connect/ssh2/route.ts";
import type { SshSettings } from "../../../src/connect/types.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "redisha-config-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function route(config: string, changes: Partial<SshSettings> = {}, address = "r1") {
  const configFile = join(folder, "config");
  writeFileSync(configFile, config);
  const ssh: SshSettings = { adapter: "ssh2", become: "none", connectTimeoutMs: 10_000, configFile, ...changes };
  return await resolveRoute({ host: "r1", address, ssh }, ssh);
}

async function last(config: string, changes: Partial<SshSettings> = {}, address = "r1") {
  const hops = await route(config, changes, address);
  const hop = hops.at(-1);
  if (!hop) throw new Error("no hop");
  return hop;
}

describe("the way to a host", () => {
  test("has defaults where nobody says anything", async () => {
    expect(await last("")).toMatchObject({
      label: "r1",
      host: "r1",
      port: 22,
      user: userInfo().username,
      identitiesOnly: false,
      connectTimeoutMs: 10_000,
      identities: ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(homedir(), ".ssh", name)),
      knownHosts: expect.arrayContaining([join(homedir(), ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"]),
    });
  });

  test("takes the first value of a keyword, however it is written", async () => {
    const config = "Host r?\n  port=2200\n  HOSTNAME 10.0.0.1\nHost *\n  Port 2201\n  User ops\n";
    expect(await last(config)).toMatchObject({ host: "10.0.0.1", port: 2200, user: "ops" });
  });

  test("takes blocks by pattern and not those that are negated", async () => {
    expect(await last("Host * !r1\n  User no\nHost r* !r2\n  User yes\n")).toMatchObject({ user: "yes" });
    expect(await last("Host r?1\n  User no\n")).toMatchObject({ user: userInfo().username });
  });

  test("collects identities and expands tokens, tilde and variables in them", async () => {
    process.env.REDISHA_TEST_DIR = "/keys";
    const config =
      'User ops\nIdentityFile ~/.ssh/%h-%r-%p-%%\nIdentityFile "${REDISHA_TEST_DIR}/my key"\nIdentitiesOnly yes\n';
    expect(await last(config)).toMatchObject({
      identities: [join(homedir(), ".ssh/r1-ops-22-%"), "/keys/my key"],
      identitiesOnly: true,
      identityRequired: false,
    });
    delete process.env.REDISHA_TEST_DIR;
  });

  test("lets redisha.yaml win", async () => {
    const config = "Port 1\nUser no\nIdentityFile /no\nUserKnownHostsFile /no\nProxyJump no\n";
    const hops = await route(config, { port: 2, user: "yes", identity: "/yes", knownHosts: "/kh", jump: "none" });
    expect(hops).toHaveLength(1);
    expect(hops[0]).toMatchObject({ port: 2, user: "yes", identities: ["/yes"], identityRequired: true });
    expect(hops[0]?.knownHosts[0]).toBe("/kh");
  });

  test("reads what is included, by pattern and below a block only for its hosts", async () => {
    mkdirSync(join(folder, "conf.d"), { recursive: true });
    writeFileSync(join(folder, "conf.d/10-a.conf"), "Host r1\n  Port 1010\n");
    writeFileSync(join(folder, "conf.d/20-b.conf"), "Host *\n  Port 2020\n  User included\n");
    expect(await last(`Include ${folder}/conf.d/*.conf\n`)).toMatchObject({ port: 1010, user: "included" });
    expect(await last(`Host r2\n  Include ${folder}/conf.d/*.conf\n`)).toMatchObject({ port: 22 });
    expect(await last(`Include ${folder}/none/*.conf\n`)).toMatchObject({ port: 22 });
  });

  test("does not follow files that include themselves for ever", async () => {
    await expect(last(`Include ${folder}/config\n`)).rejects.toMatchObject({ code: "SSH_CONFIG_INVALID", exit: 2 });
  });

  test("judges Match by host, original host, user and negation", async () => {
    const config = [
      "HostName 10.0.0.9",
      "Match host r1",
      "  User wrong-host",
      "Match originalhost r1 host 10.*",
      "  Port 2222",
      "Match !originalhost r1",
      "  User wrong-negation",
      "Match user nobody",
      "  Compression yes",
      "Match all",
      "  User right",
      "",
    ].join("\n");
    expect(await last(config)).toMatchObject({ host: "10.0.0.9", port: 2222, user: "right" });
  });

  test("asks for the ssh program where only that can tell, and only there", async () => {
    const error = { code: "SSH_CONFIG_UNSUPPORTED", exit: 2, next: [expect.stringContaining("adapter: openssh")] };
    await expect(last('Match host r1 exec "true"\n  Port 1\n')).rejects.toMatchObject(error);
    await expect(last("CanonicalizeHostname yes\n")).rejects.toMatchObject(error);
    await expect(last("ProxyCommand nc %h %p\n")).rejects.toMatchObject(error);
    expect(await last('Match host r2 exec "true"\n  Port 1\n')).toMatchObject({ port: 22 });
    expect(await last("ProxyCommand none\n")).toMatchObject({ port: 22 });
  });

  test("chooses the agent: the environment's, another, or none", async () => {
    const before = process.env.SSH_AUTH_SOCK;
    process.env.SSH_AUTH_SOCK = "/run/agent";
    process.env.OTHER_AGENT = "/run/other";
    expect(await last("")).toMatchObject({ agent: "/run/agent" });
    expect(await last("IdentityAgent ~/agent\n")).toMatchObject({ agent: join(homedir(), "agent") });
    expect(await last("IdentityAgent $OTHER_AGENT\n")).toMatchObject({ agent: "/run/other" });
    expect((await last("IdentityAgent none\n")).agent).toBeUndefined();
    delete process.env.OTHER_AGENT;
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
  });

  test("reads times as ssh does and lets them only shorten redisha.yaml's", async () => {
    expect(await last("ConnectTimeout 3\nServerAliveInterval 1m\n")).toMatchObject({
      connectTimeoutMs: 3_000,
      keepaliveMs: 60_000,
    });
    expect(await last("ConnectTimeout 60\n")).toMatchObject({ connectTimeoutMs: 10_000 });
  });

  test("passes jump hosts in order, each with its own settings", async () => {
    const config = "Host gate\n  HostName 10.0.0.1\n  Port 2222\nHost r1\n  ProxyJump gate,ops@[fd00::1]:2200\n";
    const hops = await route(config, { user: "deploy" });
    expect(hops.map(({ label, host, port, user }) => [label, host, port, user])).toEqual([
      ["gate", "10.0.0.1", 2222, "deploy"],
      ["ops@[fd00::1]:2200", "fd00::1", 2200, "ops"],
      ["r1", "r1", 22, "deploy"],
    ]);
  });

  test("follows the jump host of a jump host, and notices a circle", async () => {
    const hops = await route("Host r1\n  ProxyJump a\nHost a\n  ProxyJump b\n");
    expect(hops.map(({ host }) => host)).toEqual(["b", "a", "r1"]);
    await expect(route("Host r1\n  ProxyJump a\nHost a\n  ProxyJump a\n")).rejects.toMatchObject({
      code: "SSH_CONFIG_INVALID",
      message: expect.stringContaining("circle"),
    });
  });

  test("says that the file it was told to read is not there", async () => {
    const ssh: SshSettings = { adapter: "ssh2", become: "none", connectTimeoutMs: 1, configFile: join(folder, "no") };
    await expect(resolveRoute({ host: "r1", address: "r1", ssh }, ssh)).rejects.toMatchObject({
      code: "SSH_CONFIG_INVALID",
      exit: 2,
    });
  });
});

describe("a jump host", () => {
  test.each([
    ["bastion", { host: "bastion" }],
    ["ops@bastion:2222", { user: "ops", host: "bastion", port: 2222 }],
    ["[::1]:22", { host: "::1", port: 22 }],
    ["ssh://ops@b.example", { user: "ops", host: "b.example" }],
  ])("%s is understood", (text, expected) => {
    expect(parseJump(text)).toEqual(expected);
  });

  test.each(["", "a b:x", ":22", "host:port"])("%j is refused", (text) => {
    expect(() => parseJump(text)).toThrow("is no jump host");
  });
});
