import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectHost } from "../../../src/connect/hosts.ts";
import { fingerprint } from "../../../src/connect/known-hosts.ts";
import type { HostTarget, SshSettings } from "../../../src/connect/types.ts";
import { freePort, makeKey, type Sshd, startSshd } from "../../support/sshd.ts";

let sshd: Sshd;
let bastion: Sshd;
let inner: Sshd;
let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "redisha-login-"));
  [sshd, bastion, inner] = await Promise.all([
    startSshd({ host: "r1", keyTypes: ["rsa", "ecdsa", "ed25519"] }),
    startSshd({ host: "bastion", address: "127.83.0.1" }),
    startSshd({ host: "inner", address: "127.83.0.2" }),
  ]);
});

afterAll(async () => {
  await Promise.all([sshd, bastion, inner].map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function logsIn(target: HostTarget): Promise<void> {
  const host = await connectHost(target);
  try {
    expect(await host.exec(["echo", "in"])).toMatchObject({ code: 0, stdout: "in\n" });
  } finally {
    await host.close();
  }
}

async function failure(target: HostTarget): Promise<Error> {
  return await connectHost(target).then(
    async (host) => {
      await host.close();
      throw new Error("it was let in");
    },
    (error: Error) => error,
  );
}

function written(name: string, text: string): string {
  writeFileSync(file(name), text);
  return file(name);
}

function hostKey(server: Sshd, type = "ed25519"): string {
  return readFileSync(join(server.directory, `host_${type}.pub`), "utf8")
    .split(" ")
    .slice(0, 2)
    .join(" ");
}

const sha256 = (publicKey: string) => fingerprint(Buffer.from(publicKey.split(" ")[1] ?? "", "base64"));

describe.each(["ssh2", "openssh"] as const)("logging in by %s", (adapter) => {
  const at = (changes: Partial<SshSettings> = {}, server = sshd) => server.target({ adapter, ...changes });
  const name = () => `[${sshd.address}]:${sshd.port}`;

  describe("host keys", () => {
    test("lets in a host whose key is known, of whichever of its types", async () => {
      for (const type of ["rsa", "ecdsa", "ed25519"]) {
        await logsIn(at({ knownHosts: written(`kh-${type}`, `${name()} ${hostKey(sshd, type)}\n`) }));
      }
    });

    test("finds hashed names", async () => {
      const known = written(`kh-hashed-${adapter}`, `${name()} ${hostKey(sshd)}\n`);
      execFileSync("ssh-keygen", ["-q", "-H", "-f", known], { stdio: "ignore" });
      expect(readFileSync(known, "utf8")).toMatch(/^\|1\|/);
      await logsIn(at({ knownHosts: known }));
    });

    test("finds names by pattern, and by name alone on another port", async () => {
      await logsIn(at({ knownHosts: written("kh-pattern", `[127.0.0.?]:* ${hostKey(sshd)}\n`) }));
      await logsIn(at({ knownHosts: written("kh-bare", `${sshd.address} ${hostKey(sshd)}\n`) }));
    });

    test("refuses a host that no file knows, with its fingerprint and how to add it", async () => {
      const error = await failure(at({ knownHosts: written("kh-none", "") }));
      expect(error).toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN", exit: 6, host: "r1" });
      const prints = ["rsa", "ecdsa", "ed25519"].map((type) => sha256(hostKey(sshd, type)));
      expect(prints.some((print) => error.message.includes(print))).toBe(true);
      expect(error).toHaveProperty(
        "next",
        expect.arrayContaining([expect.stringContaining(`ssh-keyscan -p ${sshd.port}`)]),
      );
    });

    test("refuses a key that is not the known one, naming the line", async () => {
      const known = written("kh-changed", `# a comment\n${name()} ${hostKey(inner)}\n`);
      const error = await failure(at({ knownHosts: known }));
      expect(error).toMatchObject({ code: "SSH_HOST_KEY_CHANGED", exit: 6, host: "r1" });
      expect(error.message).toContain(`${known}:2`);
    });

    test("refuses a key that is revoked, even where another line knows it", async () => {
      const known = written(
        "kh-revoked",
        `${name()} ${hostKey(sshd)}\n@revoked * ${hostKey(sshd)}\n${name()} ${hostKey(sshd)}\n`,
      );
      expect(await failure(at({ knownHosts: known }))).toMatchObject({ code: "SSH_HOST_KEY_REVOKED", exit: 6 });
    });
  });

  describe("keys", () => {
    test("says which key was tried when it opens nothing", async () => {
      makeKey(file(`stranger-${adapter}`));
      const error = await failure(at({ identity: file(`stranger-${adapter}`) }));
      expect(error).toMatchObject({ code: "SSH_AUTH_FAILED", exit: 6, host: "r1" });
      expect(error.message).toContain(file(`stranger-${adapter}`));
      expect(error.message).toContain("the server takes: publickey");
    });

    test("says that the key is not there or is none", async () => {
      expect(await failure(at({ identity: file("missing") }))).toMatchObject({ code: "SSH_KEY_UNREADABLE", exit: 6 });
      const nonsense = written("nonsense", "not a key\n");
      expect(await failure(at({ identity: nonsense }))).toMatchObject({ code: "SSH_KEY_UNREADABLE", exit: 6 });
    });

    test("says that a key needs its passphrase when nobody gives it", async () => {
      const locked = lockedCopy(sshd, `locked-${adapter}`, "opens sesame");
      expect(await failure(at({ identity: locked }))).toMatchObject({ code: "SSH_PASSPHRASE_NEEDED", exit: 6 });
    });

    test("uses a key that an agent holds, also where its file is locked", async () => {
      const locked = lockedCopy(sshd, `agent-${adapter}`, "for the agent");
      await withAgent(sshd.identity, async () => {
        await logsIn(at({ identity: locked }));
        const config = written(`config-agent-${adapter}`, "IdentityFile none\n");
        const { identity: _, ...rest } = { ...(at({ configFile: config }).ssh as SshSettings) };
        await logsIn({ host: "r1", address: sshd.address, ssh: rest });
      });
    });
  });

  describe("what is in the way", () => {
    test("a port that nobody listens on", async () => {
      expect(await failure(at({ port: await freePort() }))).toMatchObject({ code: "SSH_REFUSED", exit: 6, host: "r1" });
    });

    test("a name that does not exist", async () => {
      const target = { ...at(), address: "no-such-host.invalid" };
      expect(await failure(target)).toMatchObject({ code: "SSH_NAME_NOT_FOUND", exit: 6, host: "r1" });
    });

    test("a server that takes the connection and says nothing, for no longer than its time limit", async () => {
      const silent = createServer(() => undefined);
      await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
      const bound = silent.address();
      const port = bound !== null && typeof bound === "object" ? bound.port : 0;
      const error = await failure(at({ port, connectTimeoutMs: 700 }));
      expect(error).toMatchObject({ code: "SSH_TIMEOUT", exit: 6, host: "r1" });
      silent.close();
    });

    test("a server that hangs up", async () => {
      const rude = createServer((socket) => socket.end());
      await new Promise<void>((resolve) => rude.listen(0, "127.0.0.1", resolve));
      const bound = rude.address();
      const port = bound !== null && typeof bound === "object" ? bound.port : 0;
      expect(await failure(at({ port }))).toMatchObject({ code: "SSH_CLOSED", exit: 6, host: "r1" });
      rude.close();
    });

    test("an operator who gave up", async () => {
      const signal = AbortSignal.abort(new Error("stopped"));
      await expect(connectHost(at(), { signal })).rejects.toMatchObject({ code: "EXEC_CANCELLED", host: "r1" });
    });
  });

  describe("jump hosts", () => {
    const all = () => {
      const keys = [bastion, inner, sshd].map(({ knownHosts }) => readFileSync(knownHosts, "utf8")).join("");
      return written("kh-all", keys);
    };
    const way = () => `${bastion.user}@${bastion.address}:${bastion.port},${inner.user}@${inner.address}:${inner.port}`;
    const trusted = () => {
      // One key for all three, as redisha.yaml has one identity.
      for (const server of [bastion, inner]) {
        copyFileSync(join(sshd.directory, "authorized_keys"), join(server.directory, "authorized_keys"));
      }
    };

    test("passes two of them, each checked", async () => {
      trusted();
      await logsIn(at({ jump: way(), knownHosts: all() }));
      expect(inner.log()).toContain(`Accepted publickey for ${inner.user} from 127.`);
    });

    test("names the one that is not there", async () => {
      const nobody = `${bastion.address}:${await freePort(bastion.address)}`;
      const error = await failure(at({ jump: nobody, knownHosts: all() }));
      expect(error).toMatchObject({ code: "SSH_JUMP_FAILED", exit: 6, host: "r1" });
      expect(error.message).toContain(bastion.address);
    });

    test("checks the host key of each: one that is unknown stops there", async () => {
      trusted();
      const error = await failure(at({ jump: way(), knownHosts: sshd.knownHosts }));
      expect(error).toMatchObject({ code: "SSH_JUMP_FAILED", exit: 6 });
      expect(error.message).toContain("is not known");
    });

    test("names the last one where that cannot reach the host", async () => {
      trusted();
      const error = await failure(at({ jump: way(), knownHosts: all(), port: await freePort() }));
      expect(error).toMatchObject({ code: "SSH_JUMP_FAILED", exit: 6, host: "r1" });
    });
  });

  describe("~/.ssh/config", () => {
    test("fills in what redisha.yaml leaves out", async () => {
      const configFile = written(
        `config-${adapter}`,
        [
          `Include ${written(`included-${adapter}`, `Host box*\n  Port ${sshd.port}\n`)}`,
          "Host *.elsewhere !box",
          "  User nobody",
          "Host box-one",
          `  HostName ${sshd.address}`,
          `  User ${sshd.user}`,
          `  IdentityFile "${sshd.identity}"`,
          "  IdentitiesOnly yes",
          `  UserKnownHostsFile ${written(`kh-alias-${adapter}`, `the-alias ${hostKey(sshd)}\n`)}`,
          "  HostKeyAlias the-alias",
          "Match host 127.0.0.1",
          "  ConnectTimeout 5",
          "",
        ].join("\n"),
      );
      const ssh: SshSettings = { adapter, configFile, become: "none", connectTimeoutMs: 10_000 };
      await logsIn({ host: "r1", address: "box-one", ssh });
    });

    test("takes its jump hosts", async () => {
      copyFileSync(join(sshd.directory, "authorized_keys"), join(bastion.directory, "authorized_keys"));
      const keys = [bastion, sshd].map(({ knownHosts }) => readFileSync(knownHosts, "utf8")).join("");
      const configFile = written(
        `config-jump-${adapter}`,
        `Host ${sshd.address}\n  ProxyJump gate\nHost gate\n  HostName ${bastion.address}\n  Port ${bastion.port}\n`,
      );
      await logsIn(at({ configFile, knownHosts: written("kh-two", keys) }));
      expect(bastion.log()).toContain("Accepted publickey");
    });

    test("loses to redisha.yaml", async () => {
      const configFile = written("config-loses", `Host *\n  Port 1\n  User nobody\n  IdentityFile /nowhere\n`);
      await logsIn(at({ configFile }));
    });
  });
});

describe("what only the ssh program can do", () => {
  test.each([
    ["ProxyCommand", "ProxyCommand nc %h %p"],
    ["CertificateFile", "CertificateFile ~/.ssh/id-cert.pub"],
    ["Match exec", 'Match exec "true"\n  Port 1'],
    ["Match final", "Match final all\n  Port 1"],
  ])("%s is refused by ssh2, naming the other adapter", async (what, config) => {
    const configFile = written("config-unsupported", `${config}\n`);
    const error = await failure(sshd.target({ configFile }));
    expect(error).toMatchObject({
      code: "SSH_CONFIG_UNSUPPORTED",
      exit: 2,
      next: [expect.stringContaining("adapter: openssh")],
    });
    expect(error.message).toContain(what.split(" ").at(-1));
  });

  test("is done by it: a Match block with a command decides the port", async () => {
    const configFile = written("config-exec", `Match exec "true"\n  Port ${sshd.port}\n`);
    const { port: _, ...ssh } = sshd.target({ adapter: "openssh", configFile }).ssh as SshSettings;
    await logsIn({ host: "r1", address: sshd.address, ssh });
  });

  test("is done by it: a host is known by a certificate of its authority", async () => {
    makeKey(file("ca"));
    const signed = await startSshd({ address: "127.83.0.9" });
    const key = join(signed.directory, "host_ed25519");
    execFileSync("ssh-keygen", ["-q", "-s", file("ca"), "-I", "box", "-h", "-n", "127.83.0.9", `${key}.pub`]);
    const config = join(signed.directory, "sshd_config");
    writeFileSync(config, `${readFileSync(config, "utf8")}HostCertificate ${key}-cert.pub\n`);
    process.kill(signed.pid, "SIGHUP");
    const authority = readFileSync(file("ca.pub"), "utf8").split(" ").slice(0, 2).join(" ");
    const knownHosts = written("kh-ca", `@cert-authority * ${authority}\n`);
    try {
      await expect.poll(() => signed.log()).toMatch(/listening[\s\S]*listening/);
      await logsIn(signed.target({ adapter: "openssh", knownHosts }));
      const error = await failure(signed.target({ knownHosts }));
      expect(error).toMatchObject({ code: "SSH_HOST_KEY_UNKNOWN" });
      expect(error).toHaveProperty("next", expect.arrayContaining([expect.stringContaining("adapter: openssh")]));
    } finally {
      await signed.stop();
    }
  });
});

describe("passphrases", () => {
  test("open a locked key, asked for once however many hosts there are", async () => {
    const identity = lockedCopy(sshd, "locked-ssh2", "opens sesame");
    let asked = 0;
    const passphrase = async () => {
      asked += 1;
      return "opens sesame";
    };
    await Promise.all([1, 2, 3].map(() => logsIn(sshd.target({ identity, passphrase }))));
    expect(asked).toBe(1);
  });

  test("that are wrong are said to be", async () => {
    const identity = lockedCopy(sshd, "locked-wrong", "right");
    const error = await failure(sshd.target({ identity, passphrase: async () => "wrong-one" }));
    expect(error).toMatchObject({ code: "SSH_PASSPHRASE_WRONG", exit: 6 });
    expect(JSON.stringify(error) + error.message).not.toContain("wrong-one");
  });
});

test("hosts behind one bastion share one login to it, which ends with the last of them", async () => {
  copyFileSync(join(sshd.directory, "authorized_keys"), join(bastion.directory, "authorized_keys"));
  const keys = [bastion, sshd].map(({ knownHosts }) => readFileSync(knownHosts, "utf8")).join("");
  const settings = { jump: `${bastion.address}:${bastion.port}`, knownHosts: written("kh-shared", keys) };
  const count = () => bastion.log().split("Accepted publickey").length;
  const before = count();
  const hosts = await Promise.all([1, 2, 3].map(() => connectHost(sshd.target(settings))));
  expect(count() - before).toBe(1);
  await Promise.all(hosts.map((host) => host.close()));
  await expect.poll(() => bastion.log()).toMatch(/Disconnected from user/);
});

function lockedCopy(server: Sshd, name: string, passphrase: string): string {
  rmSync(file(name), { force: true });
  copyFileSync(server.identity, file(name));
  execFileSync("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-f", file(name)], { stdio: "ignore" });
  return file(name);
}

async function withAgent(key: string, work: () => Promise<void>): Promise<void> {
  const socket = file(`agent-${process.hrtime.bigint()}`);
  const agent: ChildProcess = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  const before = process.env.SSH_AUTH_SOCK;
  try {
    await expect
      .poll(() => {
        try {
          execFileSync("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
          return true;
        } catch {
          return false;
        }
      })
      .toBe(true);
    process.env.SSH_AUTH_SOCK = socket;
    await work();
  } finally {
    if (before === undefined) delete process.env.SSH_AUTH_SOCK;
    else process.env.SSH_AUTH_SOCK = before;
    agent.kill();
  }
}
