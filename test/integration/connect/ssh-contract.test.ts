import { createHash, randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectHost } from "../../../src/connect/hosts.ts";
import type { HostConnection } from "../../../src/connect/types.ts";
import { freePort, type Sshd, startSshd } from "../../support/sshd.ts";

const MIB = 1024 * 1024;
const NASTY = [
  "",
  " ",
  "two words",
  "'",
  'it\'s "both"',
  "new\nline\n",
  "\n",
  "$HOME `id` $(id) ${x}",
  "a\\b\\",
  "!history; rm -rf nothing & | > <",
  "*?[a-z]~",
  "tab\tand\rreturn",
  "Zürich 東京 🚀 āĂ\u0101\u0181",
  "-n",
  "--",
  "=a=b",
  "%s%d",
  "#comment",
  "x".repeat(20_000),
];

describe.each(["ssh2", "openssh", "local"] as const)("a host reached by %s", (adapter) => {
  let sshd: Sshd;
  let host: HostConnection;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "redisha-contract-"));
    sshd = await startSshd();
    host = await connectHost(
      adapter === "local" ? { host: "box", address: "127.0.0.1", ssh: "local" } : sshd.target({ adapter }),
    );
  });

  afterAll(async () => {
    await host.close();
    await sshd.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("says which host it is and by what it was reached", () => {
    expect(host).toMatchObject({ host: "box", adapter, closed: false });
  });

  test("gives exit status, output and errors of a command as they are", async () => {
    const result = await host.exec(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(result).toMatchObject({ code: 3, signal: null, stdout: "out\n", stderr: "err\n", truncated: false });
    expect(result.durationMs).toBeGreaterThan(0);
  });

  test("tells 255 of a command from a lost connection", async () => {
    expect(await host.exec(["sh", "-c", "exit 255"])).toMatchObject({ code: 255, signal: null });
  });

  test("names the signal that ended a command", async () => {
    expect(await host.exec(["sh", "-c", "kill -9 $$"])).toMatchObject({ code: null, signal: "SIGKILL" });
  });

  test("hands over arguments byte for byte, whatever is in them", async () => {
    const { stdout } = await host.exec(["printf", "%s\\0", ...NASTY]);
    expect(stdout.split("\0").slice(0, -1)).toEqual(NASTY);
  });

  test("hands over values of the environment and arguments of scripts byte for byte", async () => {
    const values = Object.fromEntries(NASTY.map((value, index) => [`V${index}`, value]));
    const names = Object.keys(values);
    const script = `for n in ${names.join(" ")}; do eval "printf '%s\\0' \\"\\$$n\\""; done; printf '%s\\0' "$@"`;
    const { stdout } = await host.script(script, NASTY, { env: values });
    expect(stdout.split("\0").slice(0, -1)).toEqual([...NASTY, ...NASTY]);
  });

  test("gives a script no input, so that nothing in it can eat the rest", async () => {
    const { stdout } = await host.script("cat; echo after\n# no newline at the end");
    expect(stdout).toBe("after\n");
  });

  test("passes input on and ends it", async () => {
    expect((await host.exec(["cat"], { stdin: "grüße\0\n" })).stdout).toBe("grüße\0\n");
    expect((await host.exec(["cat"], { stdin: Readable.from(["a", "b"]) })).stdout).toBe("ab");
    expect((await host.exec(["cat"])).stdout).toBe("");
  });

  test("does not mind a command that leaves its input unread", async () => {
    expect(await host.exec(["true"], { stdin: Buffer.alloc(4 * MIB) })).toMatchObject({ code: 0 });
  });

  test("finds administrators' programs", async () => {
    const { stdout } = await host.script('printf %s "$PATH"', [], { env: { A: "1" } });
    expect(stdout).toMatch(/(^|:)\/usr\/sbin(:|$)/);
  });

  test("says that there is no such program", async () => {
    await expect(host.exec(["redisha-no-such-program"])).rejects.toMatchObject({
      code: "EXEC_NOT_FOUND",
      host: "box",
      message: "box cannot run redisha-no-such-program: there is no such program.",
    });
  });

  test("keeps as much output as asked for and says that there was more", async () => {
    const seen: number[] = [];
    const result = await host.exec(["head", "-c", "100000", "/dev/zero"], {
      maxOutput: 1_000,
      onStdout: (chunk) => seen.push(chunk.length),
    });
    expect(result.stdout.length).toBe(1_000);
    expect(result.truncated).toBe(true);
    expect(seen.reduce((sum, length) => sum + length, 0)).toBe(100_000);
  });

  test("keeps secrets in the environment and in input out of every process list", async () => {
    const secret = `s3cret-${randomBytes(8).toString("hex")}`;
    const snapshot = 'cat >/dev/null; cat /proc/[0-9]*/cmdline 2>/dev/null; printf %s "$TOKEN"';
    const viaExec = await host.exec(["sh", "-c", snapshot], { env: { TOKEN: secret }, stdin: secret });
    const viaScript = await host.script(snapshot, [], { env: { TOKEN: secret } });
    for (const { stdout } of [viaExec, viaScript]) {
      expect(stdout.split(secret).length - 1, "only where it was printed").toBe(1);
      expect(stdout.endsWith(secret)).toBe(true);
    }
  });

  test("ends the whole process group of a command whose time is up", async () => {
    const mark = `${folder}/timeout`;
    const command = `echo $$ >${mark}; sleep 300 & echo $! >>${mark}; trap '' TERM; while :; do sleep 1; done`;
    await expect(host.exec(["sh", "-c", command], { timeoutMs: 500 })).rejects.toMatchObject({
      code: "EXEC_TIMEOUT",
      exit: 1,
      host: "box",
      state: expect.stringContaining("was ended"),
    });
    for (const pid of readFileSync(mark, "utf8").trim().split("\n")) expect(isRunning(Number(pid))).toBe(false);
  });

  test("ends the whole process group of a command that is cancelled", async () => {
    const mark = `${folder}/cancel`;
    const stop = new AbortController();
    const running = host.exec(["sh", "-c", `sleep 301 & echo $! >${mark}; wait`], { signal: stop.signal });
    while (!statSync(mark, { throwIfNoEntry: false })?.size) await delay(20);
    stop.abort(new Error("the operator said so"));
    await expect(running).rejects.toMatchObject({ code: "EXEC_CANCELLED", host: "box" });
    expect(isRunning(Number(readFileSync(mark, "utf8")))).toBe(false);
  });

  test("starts nothing for a caller that has gone already", async () => {
    const touched = `${folder}/never`;
    await expect(host.exec(["touch", touched], { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: "EXEC_CANCELLED",
    });
    expect(statSync(touched, { throwIfNoEntry: false })).toBeUndefined();
  });

  test("runs thirty commands at once over one connection, each with its own answer", async () => {
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => host.exec(["sh", "-c", `sleep 0.05; echo ${n}; exit ${n}`])),
    );
    expect(answers.map(({ code, stdout }) => [code, stdout])).toEqual(
      Array.from({ length: 30 }, (_, n) => [n, `${n}\n`]),
    );
  });

  test("carries 64 MiB up and down unchanged", async () => {
    const block = randomBytes(MIB);
    const up = createHash("sha256");
    const source = Readable.from(
      (function* () {
        for (let n = 0; n < 64; n += 1) {
          up.update(block);
          yield block;
        }
      })(),
    );
    const path = `${folder}/big`;
    await host.upload(source, path);
    const sum = up.digest("hex");
    expect((await host.exec(["sha256sum", path])).stdout).toContain(sum);
    const down = createHash("sha256");
    for await (const chunk of await host.download(path)) down.update(chunk);
    expect(down.digest("hex")).toBe(sum);
  });

  test("reads no further ahead of a slow reader than its buffers hold", async () => {
    const { stdout, done } = await host.stream(["head", "-c", String(256 * MIB), "/dev/zero"]);
    await new Promise((resolve) => stdout.once("readable", resolve));
    const before = process.memoryUsage().rss;
    await delay(700);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * MIB);
    stdout.destroy();
    await expect(done).rejects.toMatchObject({ code: "EXEC_CANCELLED" });
  });

  test("ends the process of a stream that nobody reads any more", async () => {
    const mark = `${folder}/stream`;
    const { stdout, done } = await host.stream(["sh", "-c", `echo $$ >${mark}; exec yes`]);
    for await (const chunk of stdout) if (chunk.length > 0) break;
    await expect(done).rejects.toMatchObject({ code: "EXEC_CANCELLED" });
    expect(isRunning(Number(readFileSync(mark, "utf8")))).toBe(false);
  });

  test("fails a stream whose command ran out of time: a part never looks whole", async () => {
    const { stdout } = await host.stream(["sh", "-c", "echo part; sleep 302"], { timeoutMs: 300 });
    await expect(collect(stdout)).rejects.toMatchObject({ code: "EXEC_TIMEOUT" });
  });

  test("uploads in place of a file at once, with the mode asked for, and leaves nothing beside it", async () => {
    const path = `${folder}/conf`;
    await host.upload("one", path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await host.upload("two", path, { mode: 0o640 });
    expect(statSync(path).mode & 0o777).toBe(0o640);
    await host.upload(Buffer.from("three"), path);
    expect(statSync(path).mode & 0o777, "a replaced file keeps its mode").toBe(0o640);
    expect(readFileSync(path, "utf8")).toBe("three");
    expect(leftovers(folder)).toEqual([]);
  });

  test("uploads through a symbolic link to the file itself", async () => {
    writeFileSync(`${folder}/real`, "old");
    symlinkSync("real", `${folder}/link`);
    await host.upload("new", `${folder}/link`);
    expect(readFileSync(`${folder}/real`, "utf8")).toBe("new");
  });

  test("leaves the old file as it was when the source of an upload breaks off", async () => {
    const path = `${folder}/kept`;
    writeFileSync(path, "old");
    const source = Readable.from(
      (async function* () {
        yield Buffer.alloc(100_000);
        await delay(50);
        throw new Error("the source broke");
      })(),
    );
    await expect(host.upload(source, path)).rejects.toThrow("the source broke");
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(leftovers(folder)).toEqual([]);
  });

  test("says why a file could not be written or read", async () => {
    await expect(host.upload("x", `${folder}/no/such`)).rejects.toMatchObject({ code: "HOST_FILE_NOT_WRITTEN" });
    await expect(host.download(`${folder}/missing`)).rejects.toMatchObject({
      code: "HOST_FILE_NOT_READ",
      message: expect.stringContaining("No such file"),
    });
    await expect(host.download(folder)).rejects.toMatchObject({ code: "HOST_FILE_NOT_READ" });
  });

  test("downloads an empty file as one", async () => {
    writeFileSync(`${folder}/empty`, "");
    expect(await collect(await host.download(`${folder}/empty`))).toBe("");
  });

  describe("forwarding", () => {
    let echo: Server;
    let port: number;

    beforeAll(async () => {
      echo = createServer({ allowHalfOpen: true }, (socket) => socket.on("error", () => undefined).pipe(socket));
      await new Promise<void>((resolve) => echo.listen(0, "127.0.0.1", resolve));
      const bound = echo.address();
      port = bound !== null && typeof bound === "object" ? bound.port : 0;
    });

    afterAll(() => void echo.close());

    test("connects on from the host, both ways", async () => {
      const channel = await host.forward("127.0.0.1", port);
      channel.write("ping");
      expect(String(await new Promise((resolve) => channel.once("data", resolve)))).toBe("ping");
      const closed = new Promise((resolve) => channel.once("close", resolve));
      channel.destroy();
      await closed;
    });

    test("opens twenty channels beside as many commands as it allows", async () => {
      const channels = await Promise.all(Array.from({ length: 20 }, () => host.forward("127.0.0.1", port)));
      const commands = await Promise.all(Array.from({ length: 12 }, () => host.exec(["sleep", "0.1"])));
      expect(commands.every(({ code }) => code === 0)).toBe(true);
      for (const channel of channels) channel.destroy();
    });

    test("says that nothing listens there", async () => {
      const free = await freePort();
      await expect(host.forward("127.0.0.1", free)).rejects.toMatchObject({
        code: "FORWARD_TARGET_REFUSED",
        exit: 6,
        host: "box",
      });
    });
  });

  test("refuses an argument that no process could be given", async () => {
    await expect(host.exec(["echo", "a\0b"])).rejects.toThrow();
  });
});

function isRunning(pid: number): boolean {
  try {
    // A process that has ended and was not yet waited for does nothing any more.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

function leftovers(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.includes(".redisha-"));
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}
