import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectHost } from "../../../src/connect/hosts.ts";
import type { HostConnection } from "../../../src/connect/types.ts";
import { type Sshd, startSshd } from "../../support/sshd.ts";
import { addTestUser, type TestUser, whyNoTestUser } from "../../support/test-user.ts";

const reason = whyNoTestUser();

describe.skipIf(reason).each(["ssh2", "openssh"] as const)(`sudo by %s${reason ? ` (${reason})` : ""}`, (adapter) => {
  let user: TestUser;
  let sshd: Sshd;
  let host: HostConnection;
  let folder: string;

  beforeAll(async () => {
    user = addTestUser(`redisha-${adapter}`);
    sshd = await startSshd({ host: "r1", user: user.name });
    chmodSync(sshd.directory, 0o755);
    folder = mkdtempSync(join(tmpdir(), "redisha-sudo-"));
    host = await connectHost(sshd.target({ adapter, become: "sudo" }));
  });

  afterAll(async () => {
    await host?.close();
    await sshd?.stop();
    user?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  test("runs a command as root where it is asked to, and as the user where not", async () => {
    user.allowSudo(true);
    expect((await host.exec(["id", "-un"])).stdout).toBe(`${user.name}\n`);
    expect((await host.exec(["id", "-un"], { become: true })).stdout).toBe("root\n");
  });

  test("hands over arguments, environment and input through sudo as they are", async () => {
    user.allowSudo(true);
    const nasty = ["a b", "'\"$x\n", "", "ü\\"];
    const { stdout } = await host.exec(["sh", "-c", 'printf "%s\\0" "$@" "$SECRET"; cat', "sh", ...nasty], {
      become: true,
      env: { SECRET: "s$e'cret\n" },
      stdin: "input",
    });
    expect(stdout.split("\0")).toEqual([...nasty, "s$e'cret\n", "input"]);
    const script = await host.script('printf "%s\\0" "$(id -un)" "$@"', nasty, { become: true });
    expect(script.stdout.split("\0")).toEqual(["root", ...nasty, ""]);
  });

  test("ends root's processes too when their time is up", async () => {
    user.allowSudo(true);
    const mark = join(folder, "pids");
    const command = `echo $$ >${mark}; sleep 304 & echo $! >>${mark}; wait`;
    await expect(host.exec(["sh", "-c", command], { become: true, timeoutMs: 700 })).rejects.toMatchObject({
      code: "EXEC_TIMEOUT",
      state: expect.stringContaining("was ended"),
    });
    for (const pid of readFileSync(mark, "utf8").trim().split("\n")) {
      expect(() => execFileSync("grep", ["-q", "State:.[^ZX]", `/proc/${pid}/status`], { stdio: "ignore" })).toThrow();
    }
  });

  test("replaces a file of root's, which keeps its owner and mode", async () => {
    user.allowSudo(true);
    const path = join(folder, "conf");
    writeFileSync(path, "old");
    execFileSync("chown", ["root:daemon", path]);
    chmodSync(path, 0o640);
    const before = statSync(path);
    await host.upload("new", path, { become: true });
    expect(readFileSync(path, "utf8")).toBe("new");
    expect(statSync(path)).toMatchObject({ uid: before.uid, gid: before.gid, mode: before.mode });
    await expect(host.download(path)).rejects.toMatchObject({ code: "HOST_FILE_NOT_READ" });
    const chunks: Buffer[] = [];
    for await (const chunk of await host.download(path, { become: true })) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).toBe("new");
  });

  test("says that sudo refuses, in sudo's own words, and that nothing was run", async () => {
    user.allowSudo(false);
    await expect(host.exec(["id"], { become: true })).rejects.toMatchObject({
      code: "SSH_SUDO_REFUSED",
      exit: 6,
      host: "r1",
      message: expect.stringContaining("password is required"),
      state: "nothing was run",
    });
    await expect(host.upload("x", join(folder, "y"), { become: true })).rejects.toMatchObject({
      code: "SSH_SUDO_REFUSED",
    });
  });
});
