import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueCertificate, makeAuthority } from "../../../src/certificates/openssl.ts";
import { CA_FILE, certificateOf } from "../../../src/lab/certificates.ts";
import { renderKind } from "../../../src/use-cases/render-kind.ts";
import { type Daemon, startDaemon } from "../../support/daemon.ts";
import { declared, SHAPES } from "../../support/declared.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { login, tlsOf } from "../../support/lab-login.ts";
import { freePort } from "../../support/redis.ts";
import { redisha } from "../../support/redisha.ts";
import { until } from "../../support/until.ts";

const LOOPBACK = "127.0.0.1";
const PATH = `${process.env.PATH}:/usr/sbin`;

describe("HAProxy as rendered, in front of a deployment", () => {
  let lab: TestLab;
  let folder: string;
  let proxy: Daemon;
  const ports = { write: 0, read: 0, near: 0, status: 0 };

  beforeAll(async () => {
    lab = await bringUpLab({ tls: true, auth: "acl" });
    folder = await mkdtemp(join(tmpdir(), "redisha-haproxy-"));
    for (const name of ["write", "read", "near", "status"] as const) ports[name] = await freePort(LOOPBACK);
    await certificates(lab, folder);
    const settings = Object.entries(ports).map(([name, port]) => `${name}_port=${port}`);
    const set = [...settings, "near=b", `bind=${LOOPBACK}`, `files=${folder}`].flatMap((word) => ["--set", word]);
    const file = join(folder, "haproxy.cfg");
    const rendered = await redisha(["render", "haproxy", "--file", lab.file, "--out", file, ...set]);
    expect(rendered).toMatchObject({ code: 0 });
    const { password = "" } = await login(lab);
    const env = { REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: password };
    proxy = startDaemon("haproxy", ["-db", "-f", file], env);
    await until(async () => (await where(ports.write)) === "r1" && (await where(ports.near)) === "r2");
  });
  afterAll(async () => {
    await proxy?.stop();
    await lab?.down();
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** A client through the proxy; what fails, fails at once. */
  const connect = async (port: number): Promise<Redis> => {
    const { user, password } = await login(lab);
    const client = new Redis({
      ...{ host: LOOPBACK, port, username: user ?? "", password: password ?? "", tls: (await tlsOf(lab)) ?? {} },
      ...{ lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0, enableReadyCheck: false },
    });
    client.on("error", () => undefined);
    await client.connect();
    return client;
  };

  /** The host that answers behind a port; undefined where none does. */
  const where = async (port: number): Promise<string | undefined> => {
    const client = await connect(port).catch(() => undefined);
    try {
      const info = await client?.client("INFO").catch(() => undefined);
      const address = / laddr=([\d.]+):/.exec(String(info))?.[1];
      return lab.status.processes.find((each) => each.address === address)?.host;
    } finally {
      client?.disconnect();
    }
  };

  it("sends reads to replicas, and those close by elsewhere only while nobody is close by", async () => {
    expect(["r2", "r3"]).toContain(await where(ports.read));
    await lab.kill("r2:6379");
    await until(async () => (await where(ports.near)) === "r3");
    await lab.restart("r2:6379");
    await until(async () => (await where(ports.near)) === "r2");
  });

  it("follows a failover, and lets nobody write to an old primary that comes back and does not know yet", async () => {
    const steady = startWriter("steady", () => connect(ports.write), { keep: true });
    const anew = startWriter("anew", () => connect(ports.write), { keep: false });
    await until(async () => steady.acked.length > 20 && anew.acked.length > 5);
    await lab.kill("r1:6379", "SIGSTOP");
    await until(async () => ["r2", "r3"].includes((await where(ports.write)) ?? ""));
    const promoted = (await where(ports.write)) ?? "";
    const [steadyBefore, anewBefore] = [steady.acked.length, anew.acked.length];
    await until(async () => steady.acked.length > steadyBefore + 20 && anew.acked.length > anewBefore + 5);
    await lab.kill("r1:6379", "SIGCONT");
    await until(async () => (await lab.cli("r1:6379", "ROLE")).startsWith("slave"));
    await Promise.all([steady.stop(), anew.stop()]);
    for (const [writer, before] of [[steady, steadyBefore] as const, [anew, anewBefore] as const]) {
      const there = new Set((await lab.cli(`${promoted}:6379`, "LRANGE", writer.list, "0", "-1")).split("\n"));
      expect(writer.acked.slice(before).filter((id) => !there.has(id))).toEqual([]);
    }
  });
});

describe("HAProxy's own check", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-haproxy-"));
    const authority = await makeAuthority({ organisation: "redisha", name: "test", days: 2 }, folder);
    const { certificate, key } = await issueCertificate(
      authority,
      { organisation: "redisha", name: "proxy", days: 2, names: [] },
      folder,
    );
    await writeFile(join(folder, "redis-ca.crt"), authority.certificate);
    for (const name of ["redis.pem", "redis-client.pem"]) await writeFile(join(folder, name), certificate + key);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(SHAPES)("finds nothing wrong with $topology, auth $auth, TLS $tls", async (shape) => {
    const name = Object.values(shape).join("-");
    const out = join(folder, `${name}.cfg`);
    const options = { files: folder, ...(shape.topology === "cluster" ? {} : { near: "b" }) };
    const deployment = await declared(shape);
    await renderKind({ kind: "haproxy", deployment, options, only: undefined, out, force: false });
    const { stdout, stderr } = await promisify(execFile)("haproxy", ["-c", "-f", out], {
      env: { PATH, REDIS_PASSWORD: "one", REDIS_SENTINEL_PASSWORD: "two" },
    });
    expect(`${stdout}${stderr}`.trim()).toBe("Configuration file is valid");
  });
});

interface Writer {
  readonly list: string;
  /** What was acknowledged, in order. */
  readonly acked: readonly string[];
  stop(): Promise<void>;
}

/** Pushes what it never pushes twice, until it is stopped; on one connection for as long as that holds, or each on its own. */
function startWriter(list: string, connect: () => Promise<Redis>, { keep }: { keep: boolean }): Writer {
  const acked: string[] = [];
  let on = true;
  const work = (async () => {
    let client: Redis | undefined;
    for (let n = 0; on; n += 1) {
      try {
        client ??= await connect();
        await client.rpush(list, `${n}`);
        acked.push(`${n}`);
        await sleep(2);
        if (keep) continue;
      } catch {
        // The next one tries again.
      }
      client?.disconnect();
      client = undefined;
      await sleep(5);
    }
    client?.disconnect();
  })();
  return {
    list,
    acked,
    async stop() {
      on = false;
      await work;
    },
  };
}

/** What an operator puts beside haproxy.cfg: whom to trust, and a certificate of the proxy's own. */
async function certificates({ status }: TestLab, folder: string): Promise<void> {
  await copyFile(join(status.folder, CA_FILE), join(folder, "redis-ca.crt"));
  await copyFile(join(status.folder, certificateOf("r1")), join(folder, "redis.pem"));
}
