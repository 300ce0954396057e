import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, describe, expect, test } from "vitest";
import { connectHost } from "../../../src/connect/hosts.ts";
import type { HostConnection } from "../../../src/connect/types.ts";
import { childrenOf, type Sshd, startSshd } from "../../support/sshd.ts";

const folder = mkdtempSync(join(tmpdir(), "redisha-trouble-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(["ssh2", "openssh"] as const)("when things go wrong under %s", (adapter) => {
  let sshd: Sshd;

  const using = async (config: readonly string[], work: (host: HostConnection) => Promise<void>) => {
    sshd = await startSshd({ host: "r1", config });
    try {
      const host = await connectHost(sshd.target({ adapter }));
      try {
        await work(host);
      } finally {
        await host.close();
      }
    } finally {
      await sshd.stop();
    }
  };

  test("a connection that is cut while a command runs leaves its outcome unknown, and says so", async () => {
    await using([], async (host) => {
      const mark = join(folder, `cut-${adapter}`);
      const running = host.exec(["sh", "-c", `echo $$ >${mark}; exec sleep 60`]);
      running.catch(() => undefined);
      await expect.poll(() => existsSync(mark) && readFileSync(mark, "utf8").length > 1).toBe(true);
      const command = Number(readFileSync(mark, "utf8"));
      cut(sshd, command);
      await expect(running).rejects.toMatchObject({
        code: "SSH_CLOSED",
        exit: 8,
        host: "r1",
        state: expect.stringContaining("not known"),
      });
      await expect.poll(() => host.closed).toBe(true);
      await expect(host.exec(["true"])).rejects.toMatchObject({ code: "SSH_CLOSED", exit: 6 });
      await expect(host.forward("127.0.0.1", sshd.port)).rejects.toMatchObject({ code: "SSH_CLOSED" });
      process.kill(command, "SIGKILL");
    });
  });

  test("a download that is cut fails and does not look like a short file", async () => {
    await using([], async (host) => {
      const path = join(folder, "long");
      writeFileSync(path, Buffer.alloc(32 * 1024 * 1024));
      const download = await host.download(path);
      await new Promise((resolve) => download.once("readable", resolve));
      cut(sshd);
      await expect(drain(download)).rejects.toMatchObject({ code: "SSH_CLOSED" });
    });
  });

  test("an upload that is cut leaves the old file as it was", async () => {
    await using([], async (host) => {
      const path = join(folder, `upload-${adapter}`);
      writeFileSync(path, "old");
      const source = async function* () {
        yield Buffer.alloc(1_000_000);
        await delay(200);
        cut(sshd);
        await delay(200);
        yield Buffer.alloc(1_000_000);
      };
      const { Readable } = await import("node:stream");
      await expect(host.upload(Readable.from(source()), path)).rejects.toMatchObject({ code: "SSH_CLOSED" });
      expect(readFileSync(path, "utf8")).toBe("old");
    });
  });

  test("a forwarded channel that is cut fails and does not look like the server's own end", async () => {
    const echo: Server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
    await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
    const bound = echo.address();
    const port = bound !== null && typeof bound === "object" ? bound.port : 0;
    await using([], async (host) => {
      const channel = await host.forward("127.0.0.1", port);
      channel.write("x");
      await new Promise((resolve) => channel.once("data", resolve));
      const failed = new Promise((resolve) => channel.once("error", resolve));
      cut(sshd);
      expect(await failed).toMatchObject({ code: "SSH_CLOSED", host: "r1" });
    });
    echo.close();
  });

  test("a forwarded channel whose server closes just ends", async () => {
    const once: Server = createServer((socket) => socket.end("bye"));
    await new Promise<void>((resolve) => once.listen(0, "127.0.0.1", resolve));
    const bound = once.address();
    const port = bound !== null && typeof bound === "object" ? bound.port : 0;
    await using([], async (host) => {
      expect(await drain(await host.forward("127.0.0.1", port))).toBe("bye");
    });
    once.close();
  });

  test("a host with room for one session runs commands one after the other, and still ends them in time", async () => {
    await using(["MaxSessions 1"], async (host) => {
      const answers = await Promise.all([1, 2, 3, 4].map((n) => host.exec(["echo", String(n)])));
      expect(answers.map(({ stdout }) => stdout)).toEqual(["1\n", "2\n", "3\n", "4\n"]);
      await expect(host.exec(["sleep", "303"], { timeoutMs: 300 })).rejects.toMatchObject({
        code: "EXEC_TIMEOUT",
        state: expect.stringContaining("was ended"),
      });
    });
  });

  test("a host without room for any session says so, and still forwards", async () => {
    await using(["MaxSessions 0"], async (host) => {
      await expect(host.exec(["true"])).rejects.toMatchObject({ code: "SSH_CHANNEL_LIMIT", exit: 6, host: "r1" });
      const greeting = await host.forward(sshd.address, sshd.port);
      expect(String(await new Promise((resolve) => greeting.once("data", resolve)))).toMatch(/^SSH-2.0/);
      greeting.destroy();
    });
  });

  test("a host that forwards nothing says that sshd forbids it", async () => {
    await using(["AllowTcpForwarding no"], async (host) => {
      await expect(host.forward("127.0.0.1", 6379)).rejects.toMatchObject({ code: "SSH_FORWARD_REFUSED", exit: 6 });
      expect(await host.exec(["true"])).toMatchObject({ code: 0 });
    });
  });

  test("a login shell that talks before every command does not confuse its answer", async () => {
    const noisy = `ForceCommand sh -c 'echo "Welcome!" >&2; eval "$SSH_ORIGINAL_COMMAND"'`;
    await using([noisy], async (host) => {
      const { code, stdout, stderr } = await host.exec(["sh", "-c", "echo out; echo err >&2; exit 4"]);
      expect({ code, stdout, stderr }).toEqual({ code: 4, stdout: "out\n", stderr: "Welcome!\nerr\n" });
    });
  });

  test("become: none refuses what needs root, unless the login is root's own", async () => {
    await using([], async (host) => {
      if (process.getuid?.() === 0) expect((await host.exec(["id", "-u"], { become: true })).stdout).toBe("0\n");
      else await expect(host.exec(["id"], { become: true })).rejects.toMatchObject({ code: "SSH_BECOME_NONE" });
    });
  });
});

test("what a killed redisha left of the ssh program is swept by the next one", async () => {
  const sshd = await startSshd({ host: "r1" });
  const hosts = new URL("../../../src/connect/hosts.ts", import.meta.url).href;
  const target = JSON.stringify(sshd.target({ adapter: "openssh" }));
  const program = `const { connectHost } = await import(${JSON.stringify(hosts)}); await connectHost(${target}); console.log("in"); setInterval(() => {}, 1000);`;
  const killed = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const mine = () => readdirSync(tmpdir()).filter((name) => name.startsWith(`redisha-ssh-${killed.pid}-`));
  try {
    await new Promise((resolve) => killed.stdout.once("data", resolve));
    killed.kill("SIGKILL");
    await new Promise((resolve) => killed.once("exit", resolve));
    expect(mine()).toHaveLength(1);
    expect(childrenOf(sshd.pid).length).toBeGreaterThan(0);
    const { sweepStale } = await import("../../../src/connect/openssh/runtime-dir.ts");
    await sweepStale();
    expect(mine()).toEqual([]);
    await expect.poll(() => childrenOf(sshd.pid)).toEqual([]);
  } finally {
    killed.kill("SIGKILL");
    await sshd.stop();
  }
});

/** Kills every process of sshd that serves a connection, as if its machine had lost power; a command lives on. */
function cut(sshd: Sshd, but?: number): void {
  for (const pid of childrenOf(sshd.pid)) {
    if (pid !== but && nameOf(pid).startsWith("sshd")) process.kill(pid, "SIGKILL");
  }
}

/** Empty for a process that has ended since it was listed. */
function nameOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8");
  } catch {
    return "";
  }
}

async function drain(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
