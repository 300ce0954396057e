import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderKind } from "../../../src/use-cases/render-kind.ts";
import { declared } from "../../support/declared.ts";
import { notTried } from "../../support/not-tried.ts";
import { startServer } from "../../support/redis.ts";

notTried(
  "keydb on KeyDB itself, but on Redis 6, from which it was forked",
  "neither npm nor Debian brings it; test/soak/render-keydb.test.ts, with REDISHA_KEYDB",
);
notTried("dragonfly on Dragonfly itself", "neither npm nor Debian brings it");

const PASSWORD = "nobody-should-read-th1s";
/** What KeyDB has beside what Redis 6 has, from which it was forked. */
const ITS_OWN = /^(active-replica|multi-master|server-threads|replicaof) .*$/;

describe("active replicas of KeyDB", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-keydb-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const shape = { topology: "replication", auth: "password", tls: false } as const;
  const keydb = { engine: { name: "keydb" } };
  const render = async (kind: string, more: object, options: Readonly<Record<string, string>> = {}) => {
    const deployment = await declared(shape, { ...keydb, ...more });
    const request = { kind, deployment, options, only: undefined, out: `${folder}/`, force: true };
    return (await renderKind(request)).files;
  };

  it("each follow every other, take the same password from a file, and start where KeyDB's own settings are left out", async () => {
    const redis = { on: ["r1", "r2", "r3"], initial_primary: "r1", config: { maxmemory: "100mb", save: "" } };
    const files = await render("keydb", { redis }, { folder, data: folder });
    expect(files.map(({ path }) => path)).toEqual(["r1/keydb.conf", "r2/keydb.conf", "r3/keydb.conf"]);
    const lines = files[0]?.text.split("\n") ?? [];
    expect(lines.filter((line) => ITS_OWN.test(line))).toEqual([
      "server-threads 2",
      "active-replica yes",
      "multi-master yes",
      "replicaof 192.0.2.2 6379",
      "replicaof 192.0.2.3 6379",
    ]);
    await writeFile(join(folder, "password.conf"), `requirepass ${PASSWORD}\nmasterauth ${PASSWORD}\n`);
    const conf = lines.filter(
      (line) => !ITS_OWN.test(line) && !/^(bind|port|dir|daemonize|pidfile|logfile) /.test(line),
    );
    await using server = Object.assign(await startServer({ engine: "redis-6.0", conf }), {
      [Symbol.asyncDispose]: () => server.stop(),
    });
    await expect.poll(() => server.log(), { timeout: 60_000 }).toContain("Ready to accept connections");
    expect(files.map(({ text }) => text).join("")).not.toContain(PASSWORD);
  });

  it("get clients from HAProxy one at a time", async () => {
    const [file] = await render("haproxy", {});
    const backend = /^backend redis_primary[\s\S]*?\n\n/m.exec(file?.text ?? "")?.[0];
    expect(backend?.match(/server \S+ \S+ .*(backup|shutdown-backup-sessions)$/gm)).toHaveLength(3);
    await promisify(execFile)("/usr/sbin/haproxy", ["-c", "-f", join(folder, "haproxy.cfg")], {
      env: { REDIS_PASSWORD: PASSWORD },
    });
  });
});

describe("Dragonfly", () => {
  const render = async (topology: "sentinel" | "cluster") => {
    const deployment = await declared({ topology, auth: "password", tls: true }, { engine: { name: "dragonfly" } });
    const request = { kind: "dragonfly", options: {}, only: undefined, out: undefined, force: false };
    return renderKind({ ...request, deployment, only: "r2/dragonfly.conf" });
  };

  it("is told by flags whom it follows, and the password by the environment", async () => {
    const { files, notes } = await render("sentinel");
    const flags = files[0]?.text.split("\n").filter((line) => line !== "" && !line.startsWith("#")) ?? [];
    expect(flags.filter((line) => !/^--[a-z_]+=\S.*$/.test(line))).toEqual([]);
    expect(flags).toContain("--replicaof=192.0.2.1:6379");
    expect(flags.join()).not.toMatch(/requirepass|masterauth/);
    expect(notes.join()).toContain("DFLY_requirepass=…");
  });

  it("is refused as a Cluster", async () => {
    await expect(render("cluster")).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
  });
});
