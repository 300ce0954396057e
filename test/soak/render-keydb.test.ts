import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderKind } from "../../src/use-cases/render-kind.ts";
import { type Daemon, startDaemon } from "../support/daemon.ts";
import { declared } from "../support/declared.ts";
import { freePort } from "../support/redis.ts";

/** KeyDB, which neither npm nor Debian brings: the path of its keydb-server. Skipped without it. */
const PROGRAM = process.env.REDISHA_KEYDB ?? "";
const PASSWORD = "nobody-should-read-th1s";
const HOSTS = { r1: "127.0.61.1", r2: "127.0.61.2", r3: "127.0.61.3" } as const;
type Host = keyof typeof HOSTS;
const NAMES = Object.keys(HOSTS) as Host[];

describe.skipIf(PROGRAM === "")("KeyDB as rendered, three active replicas", () => {
  let folder: string;
  let port: number;
  const running = new Map<Host, Daemon>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-keydb-"));
    port = await freePort(HOSTS.r1);
    const deployment = await declared(
      { topology: "replication", auth: "password", tls: false },
      {
        engine: { name: "keydb" },
        hosts: Object.fromEntries(NAMES.map((name) => [name, { address: HOSTS[name] }])),
        redis: { on: NAMES, port, initial_primary: "r1", config: { maxmemory: "100mb", appendonly: "yes" } },
      },
    );
    const request = { kind: "keydb", deployment, only: undefined, out: `${folder}/`, force: false };
    await renderKind({ ...request, options: { folder, data: folder } });
    await writeFile(join(folder, "password.conf"), `requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\n`);
  });
  afterAll(async () => {
    await Promise.all([...running.values()].map((each) => each.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  /** All share this machine, so that each has an address and a folder for itself; all else is as rendered. */
  const start = async (host: Host) => {
    const dir = join(folder, `${host}-data`);
    await mkdir(dir, { recursive: true });
    const conf = await readFile(join(folder, host, "keydb.conf"), "utf8");
    await writeFile(join(dir, "keydb.conf"), conf.replace(/^(bind|dir|daemonize|logfile|pidfile) .*\n/gm, ""));
    const alone = ["--bind", HOSTS[host], "--dir", dir];
    running.set(host, startDaemon(PROGRAM, [join(dir, "keydb.conf"), ...alone]));
    await expect.poll(() => cli(host, "PING").catch(() => ""), { timeout: 60_000 }).toBe("PONG");
  };
  const cli = async (host: Host, ...command: string[]) => {
    const env = { ...process.env, REDISCLI_AUTH: PASSWORD };
    const argv = ["-h", HOSTS[host], "-p", String(port), ...command];
    return (await promisify(execFile)("redis-cli", argv, { env })).stdout.trim();
  };
  const everywhere = (key: string, value: string, hosts: readonly Host[] = NAMES) =>
    expect
      .poll(() => Promise.all(hosts.map((host) => cli(host, "GET", key))), { timeout: 60_000 })
      .toEqual(hosts.map(() => value));

  it("each take writes, which all others have, and go on while one is away", async () => {
    for (const host of NAMES) await start(host);
    for (const host of NAMES) await expect.poll(() => cli(host, "SET", host, "1"), { timeout: 60_000 }).toBe("OK");
    for (const host of NAMES) await everywhere(host, "1");
    await running.get("r1")?.stop();
    expect(await cli("r2", "SET", "meanwhile", "2")).toBe("OK");
    await everywhere("meanwhile", "2", ["r2", "r3"]);
    await start("r1");
    await everywhere("meanwhile", "2");
    expect(await cli("r1", "SET", "again", "3")).toBe("OK");
    await everywhere("again", "3");
    const roles = await Promise.all(NAMES.map((host) => cli(host, "INFO", "replication")));
    expect(roles.map((text) => /^role:(.*?)\r?$/m.exec(text)?.[1])).toEqual(NAMES.map(() => "active-replica"));
    // Nothing that was rendered is unknown to it.
    for (const daemon of running.values()) expect(daemon.log()).not.toMatch(/Bad directive|FATAL|Unknown/i);
  });
});
