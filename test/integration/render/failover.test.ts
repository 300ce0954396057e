import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { issueCertificate, makeAuthority } from "../../../src/certificates/openssl.ts";
import { directivesOf, parseConf, renderConf } from "../../../src/conf/conf-file.ts";
import { mergeSentinelConf } from "../../../src/conf/merge-conf.ts";
import { renderRedisConf } from "../../../src/render/redis-conf.ts";
import { renderSentinelConf } from "../../../src/render/sentinel-conf.ts";
import { renderUsers } from "../../../src/render/users.ts";
import { ENGINES, type EngineUnderTest } from "../../support/engines.ts";
import { FromConf, VERSIONS } from "../../support/from-conf.ts";
import { cli, freePort } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const ADDRESS = "127.0.0.1";
/** Ports that one of the deployments is going to listen on: they are brought up at the same time. */
const taken = new Set<number>();
/** Where the certificates of each deployment lie. */
const files = new Map<EngineUnderTest, { pair: string; ca: string }>();
const login = (name: string) => ({ name, passwords: [`${name} "pass" #1`] });
describe.concurrent.each(ENGINES)("configuration, users and TLS as rendered for %s", (engine) => {
  test("start without a word of complaint and carry a failover with the least rights, and Sentinel keeps what it learned when its file is rendered again", async ({
    expect,
    onTestFinished,
  }) => {
    const servers = new FromConf();
    const folder = await mkdtemp(join(tmpdir(), "redisha-render-"));
    onTestFinished(async () => {
      await servers.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const { data, sentinels, file, complaints } = await bringUp(engine, folder, servers);
    const [first = 0] = data;
    await until(async () =>
      (await ask(engine, first, "operator", "INFO", "replication")).includes("connected_slaves:2"),
    );
    await until(async () => {
      const seen = await Promise.all(
        sentinels.map((port) => ask(engine, port, "operator", "SENTINEL", "CKQUORUM", "mymaster")),
      );
      return seen.every((text) => text.startsWith("OK 3 usable"));
    });
    await until(async () => {
      const reply = await ask(engine, sentinels[0] ?? 0, "operator", "SENTINEL", "REPLICAS", "mymaster");
      return reply.match(/master-link-status\nok/g)?.length === 2;
    });
    expect(complaints()).toEqual([]);
    expect(await ask(engine, sentinels[0] ?? 0, "operator", "SENTINEL", "FAILOVER", "mymaster")).toBe("OK");
    await until(async () => {
      const at = await Promise.all(
        sentinels.map((port) => ask(engine, port, "operator", "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster")),
      );
      return new Set(at).size === 1 && !at[0]?.endsWith(String(first));
    });
    await until(async () => (await ask(engine, first, "operator", "ROLE")).startsWith("slave"));

    const live = parseConf(await readFile(join(folder, "s0", "sentinel.conf"), "utf8"));
    const merged = mergeSentinelConf(parseConf(file), live);
    const learned = (kind: string) => directivesOf(merged).filter(({ values }) => values[0] === kind);
    expect(learned("monitor")[0]?.values[3]).not.toBe(String(first));
    expect(learned("myid")).toHaveLength(1);
    expect(learned("known-replica")).toHaveLength(2);
    expect(learned("known-sentinel")).toHaveLength(2);
    expect(directivesOf(mergeSentinelConf(parseConf(file), merged))).toEqual(directivesOf(merged));
  });
});

async function bringUp(engine: EngineUnderTest, folder: string, servers: FromConf) {
  const name = engine.split("-")[0] ?? "";
  const version = { name, version: VERSIONS[engine] };
  const ports: number[] = [];
  while (ports.length < 6) {
    const port = await freePort(ADDRESS);
    if (taken.has(port)) continue;
    taken.add(port);
    ports.push(port);
  }
  const authority = await makeAuthority({ organisation: "redisha", name: "test", days: 2 }, folder);
  const made = await issueCertificate(authority, { organisation: "redisha", name: "r1", days: 2, names: [] }, folder);
  const [pair, ca] = [join(folder, "server.pem"), join(folder, "ca.crt")];
  await writeFile(pair, `${made.certificate}${made.key}`, { mode: 0o600 });
  await writeFile(ca, authority.certificate);
  // The strictest: whoever connects has to show a certificate, replicas and Sentinels too.
  const protocols = ["TLSv1.2", "TLSv1.3"];
  const tls = { plainToo: false, cert: pair, key: pair, ca, clients: "yes" as const, protocols };
  const data = ports.slice(0, 3);
  const sentinels = ports.slice(3);
  const users = renderUsers({
    engine: version,
    operator: login("operator"),
    replication: login("replication"),
    sentinel: login("sentinel"),
    exporter: login("exporter"),
    applications: [{ ...login("shop"), access: "read-write", keys: ["cart:*"], channels: ["cart:*"] }],
  });
  const said: (() => string[])[] = [];
  for (const [at, port] of data.entries()) {
    const home = join(folder, `r${at}`);
    const { text } = renderRedisConf({
      ...{ id: `r${at}:${port}`, deployment: "shop", engine: version, address: ADDRESS, port, minReplicas: 0 },
      paths: { data: home, log: "", pid: join(home, "pid"), acl: join(home, "users.acl") },
      tls: { ...tls, port },
      replication: { user: "replication", password: login("replication").passwords[0] ?? "" },
      host: { memoryBytes: 1024 ** 3, dataInstances: 3 },
      config: { supervised: "no", "repl-diskless-sync-delay": "0" },
    });
    const follow = at === 0 ? "" : `replicaof ${ADDRESS} ${data[0]}\n`;
    said.push(await servers.start(engine, "server", home, text + follow, { "users.acl": users }));
  }
  let file = "";
  for (const [at, port] of sentinels.entries()) {
    const home = join(folder, `s${at}`);
    file = renderSentinelConf({
      ...{ id: `s${at}:${port}`, deployment: "shop", engine: version, address: ADDRESS, port, group: "mymaster" },
      paths: { data: home, log: "", pid: join(home, "pid") },
      primary: { host: ADDRESS, port: data[0] ?? 0 },
      ...{ quorum: 2, downAfterMs: 5_000, failoverTimeoutMs: 10_000, parallelSyncs: 1, hostnames: false },
      tls: { ...tls, port },
      dataLogin: { user: "sentinel", password: login("sentinel").passwords[0] ?? "" },
      operator: login("operator"),
      peer: login("sentinel"),
    }).replace("supervised systemd", "supervised no");
    said.push(await servers.start(engine, "sentinel", home, file, {}));
  }
  files.set(engine, { pair, ca });
  const complaints = () => said.flatMap((each) => each());
  return { data, sentinels, file: renderConf(parseConf(file)), complaints };
}

async function ask(engine: EngineUnderTest, port: number, user: string, ...command: string[]): Promise<string> {
  const password = login(user).passwords[0] ?? "";
  // Before 6.2 Sentinel has one password and no users.
  const isSentinel = command[0] === "SENTINEL";
  const who =
    isSentinel && engine === "redis-6.0" ? { password: login("sentinel").passwords[0] ?? "" } : { user, password };
  const { pair = "", ca = "" } = files.get(engine) ?? {};
  const tls = ["--tls", "--cacert", ca, "--cert", pair, "--key", pair];
  return cli({ engine, address: ADDRESS, port }, [...tls, ...command], who).catch(() => "");
}
