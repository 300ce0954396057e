import { afterAll, describe, expect, test } from "vitest";
import { observeInstance } from "../../src/actions/observe/observe-instance.ts";
import { connectRedis } from "../../src/connect/redis/connect-redis.ts";
import type { RedisAuth, RedisConnection } from "../../src/connect/types.ts";
import { RedishaError } from "../../src/core/errors.ts";
import type { Deployment, Instance } from "../../src/inventory/model.ts";
import { OBSERVED_DIRECTIVES, type Observation } from "../../src/topology/observation.ts";
import { type Group, startGroup } from "../support/group.ts";
import { cli, ENGINES, type Engine, freePort, type Server, Servers, until } from "../support/redis.ts";
import { forwardingHost } from "../support/through.ts";

const servers = new Servers();
const groups: Group[] = [];
const open = new Set<RedisConnection>();

afterAll(async () => {
  for (const connection of open) connection.close();
  await Promise.all(groups.map((group) => group.stop()));
  await servers.stopAll();
});

const LIMITS = { connectTimeoutMs: 5_000, commandTimeoutMs: 5_000 };

interface Look {
  readonly kind?: Deployment["kind"];
  readonly masterName?: string;
  readonly auth?: RedisAuth;
  readonly directives?: readonly string[];
  readonly timeLimitMs?: number;
  readonly signal?: AbortSignal;
  readonly through?: boolean;
  readonly onOpen?: (connection: RedisConnection) => Promise<void>;
}

function observe(server: Pick<Server, "address" | "port" | "kind">, look: Look = {}): Promise<Observation> {
  const { address, port, kind } = server;
  const host = { name: "r1", address, zone: "a", ssh: "none" as const };
  const instance: Instance = { id: `r1:${port}`, kind, host, address, port, initialPrimary: true };
  const { masterName, timeLimitMs, directives, signal = new AbortController().signal } = look;
  const deployment = {
    kind: look.kind ?? "replication",
    ...(masterName === undefined ? {} : { masterName }),
    redisVia: "direct" as const,
    auth: { data: {}, sentinel: {} },
    config: {},
    timeouts: { connectMs: 5_000, commandMs: 5_000 },
  };
  const target = { instance: instance.id, address, port, ...LIMITS, ...(look.auth ? { auth: look.auth } : {}) };
  const connect = async (limit: AbortSignal) => {
    const route = look.through ? { via: "ssh" as const, through: forwardingHost() } : { via: "direct" as const };
    const connection = await connectRedis(target, { ...route, signal: limit });
    open.add(connection);
    await look.onOpen?.(connection);
    return connection;
  };
  return observeInstance(instance, deployment, connect, signal, {
    ...(timeLimitMs === undefined ? {} : { timeLimitMs }),
    ...(directives === undefined ? {} : { directives }),
  });
}

/** Networks of this file's own, so that groups of several runs do not meet. */
const net = (index: number) =>
  `127.${62 + (process.pid % 100)}.${process.pid % 250}`.replace(/\d+$/, (n) => `${(Number(n) + index * 20) % 250}`);

async function group(index: number, options: Omit<Parameters<typeof startGroup>[0], "net">): Promise<Group> {
  const started = await startGroup({ ...options, net: net(index) });
  groups.push(started);
  return started;
}

const codes = (observation: Observation) => observation.refused.map(({ command, code }) => `${command} ${code}`);

describe.each(ENGINES.map((engine, index) => [engine, index] as const))("%s", (engine, index) => {
  test("a Sentinel deployment is observed whole", async () => {
    const { observe: look, instances } = await group(index, { kind: "sentinel", engine });
    const observations = await look();
    expect(observations).toHaveLength(6);
    for (const each of observations) {
      expect(each.reach).toEqual({ ok: true });
      expect(each.refused).toEqual([]);
    }
    const [primary, ...replicas] = observations.filter(({ kind }) => kind === "data");
    expect(primary?.role?.[0]).toBe("master");
    expect(primary?.info).toMatchObject({ role: "master", connected_slaves: "2" });
    for (const replica of replicas) {
      expect(replica.role?.slice(0, 3)).toEqual(["slave", instances[0]?.address, 6379]);
      expect(replica.info?.master_link_status).toBe("up");
    }
    // It came with 7.0.
    const known = OBSERVED_DIRECTIVES.filter((name) => engine !== "redis-6.0" || name !== "propagation-error-behavior");
    for (const { config } of [primary, ...replicas].flatMap((each) => each ?? [])) {
      expect(Object.keys(config ?? {}).sort()).toEqual([...known].sort());
    }
    expect(primary?.info).toMatchObject(versionOf(engine));

    for (const { sentinel, info } of observations.filter(({ kind }) => kind === "sentinel")) {
      // Valkey has its own word for it.
      expect(info?.redis_mode ?? info?.server_mode).toBe("sentinel");
      expect(sentinel?.watches).toEqual(["mymaster"]);
      expect(sentinel?.master).toMatchObject({ name: "mymaster", flags: "master", quorum: "2" });
      expect(sentinel?.master_address).toEqual({ address: instances[0]?.address, port: 6379 });
      expect(sentinel?.replicas.map(({ ip }) => ip).sort()).toEqual(
        instances.slice(1, 3).map(({ address }) => address),
      );
      expect(sentinel?.sentinels).toHaveLength(2);
      expect(sentinel?.ckquorum).toMatchObject({ ok: true });
      if (engine === "redis-6.0") expect(sentinel?.myid).toBeUndefined();
      else expect(sentinel?.myid).toMatch(/^[0-9a-f]{40}$/);
    }
  });

  test("a cluster node is observed with its view of the cluster, declared as one or not", async () => {
    const server = await servers.start({ engine, conf: ["cluster-enabled yes"] });
    for (const kind of ["cluster", "replication"] as const) {
      const { cluster, refused } = await observe(server, { kind });
      expect(cluster?.info.cluster_state).toBe("fail");
      expect(cluster?.nodes).toContain("myself,master");
      expect(refused).toEqual([]);
    }
  });

  test("what a user may not ask is noted once, and the rest is kept", async () => {
    const rules = "-@all +info +role +client|setname";
    const server = await servers.start({ engine, conf: [`user watcher on >watcher-password ${rules}`] });
    const auth = { username: "watcher", password: async () => "watcher-password" };
    const observation = await observe(server, { auth, through: true });
    expect(observation).toMatchObject({
      reach: { ok: true },
      via: "ssh",
      zone: "a",
      listed: true,
      initial_primary: true,
    });
    expect(observation.info?.role).toBe("master");
    expect(observation.config).toBeUndefined();
    expect(codes(observation)).toEqual(["CONFIG GET REDIS_NOPERM"]);
  });

  test("a server that is loading is observed as loading", async () => {
    const first = await servers.start({ engine, conf: ["rdbcompression no"] });
    await cli(first, ["EVAL", "for i = 1, 30 do redis.call('SET', 'key:' .. i, string.rep('x', 1000000)) end", "0"]);
    await cli(first, ["SAVE"]);
    const loading = await servers.start({ engine, conf: [`dir ${first.dir}`, "key-load-delay 200000"] });
    const { reach, info, role, refused } = await observe(loading);
    expect(reach.ok).toBe(true);
    expect(info?.loading).toBe("1");
    expect(role?.[0]).toBe("master");
    expect(refused).toEqual([]);
  });
});

function versionOf(engine: Engine): Record<string, unknown> {
  const [name, version] = engine.split("-");
  const stated = expect.stringMatching(new RegExp(`^${version}\\.`));
  return name === "valkey"
    ? { redis_version: "7.2.4", server_name: "valkey", valkey_version: stated }
    : { redis_version: stated };
}

test("a replica that must not serve stale data is observed with its link down", async () => {
  const conf = [`replicaof 127.0.0.1 ${await freePort()}`, "replica-serve-stale-data no"];
  const observation = await observe(await servers.start({ conf }));
  expect(observation.reach.ok).toBe(true);
  expect(observation.info?.master_link_status).toBe("down");
});

test("a Sentinel that does not watch the group says so by what it watches, not by refusals", async () => {
  const sentinel = await servers.start({ kind: "sentinel" });
  const observation = await observe(sentinel, { kind: "sentinel", masterName: "mymaster" });
  expect(observation.sentinel).toMatchObject({ watches: [], replicas: [], sentinels: [] });
  expect(observation.sentinel?.master).toBeUndefined();
  expect(observation.sentinel?.ckquorum).toBeUndefined();
  expect(observation.refused).toEqual([]);
});

test("without quorum CKQUORUM is an answer, not a refusal", async () => {
  const primary = await servers.start();
  const conf = [
    `sentinel monitor mymaster ${primary.address} ${primary.port} 2`,
    "sentinel auth-pass mymaster hidden-password",
  ];
  const sentinel = await servers.start({ kind: "sentinel", conf });
  const observation = await observe(sentinel, { kind: "sentinel", masterName: "mymaster" });
  expect(observation.sentinel?.ckquorum).toMatchObject({ ok: false, message: expect.stringMatching(/^NOQUORUM/) });
  expect(observation.refused).toEqual([]);
  expect(JSON.stringify(observation)).not.toContain("hidden-password");
});

test("directives that hold a credential are never asked for", async () => {
  const server = await servers.start({ conf: ["masterauth hidden-password"] });
  const observation = await observe(server, { directives: ["save", "masterauth", "requirepass", "tls-key-file-pass"] });
  expect(observation.config).toEqual({ save: "" });
  expect(observation.refused.map(({ code }) => code)).toEqual(Array(3).fill("SECRET_DIRECTIVE"));
  expect(await cli(server, ["INFO", "commandstats"])).toContain("cmdstat_config|get:calls=1,");
  expect(JSON.stringify(observation)).not.toContain("hidden-password");
});

test("an instance that cannot be connected to is observed as such", async () => {
  const gone = { address: "127.0.0.1", port: await freePort(), kind: "data" } as const;
  expect(await observe(gone)).toMatchObject({ reach: { ok: false, code: "REDIS_REFUSED" }, refused: [] });
  const locked = await servers.start({ conf: ["requirepass right-password"] });
  expect((await observe(locked)).reach).toMatchObject({ ok: false, code: "REDIS_NOAUTH" });
  const wrong = { password: async () => "wrong-password" };
  expect((await observe(locked, { auth: wrong })).reach).toMatchObject({ ok: false, code: "REDIS_WRONGPASS" });
});

test("a stopped server costs the limit of one observation, and the reason names what to look at", async () => {
  const server = await servers.start();
  server.child.kill("SIGSTOP");
  const { reach, duration_ms } = await observe(server, { timeLimitMs: 300 });
  expect(reach).toMatchObject({
    ok: false,
    code: "REDIS_TIMEOUT",
    next: [expect.stringContaining("top"), expect.anything()],
  });
  // The limits of the connection alone are 5 s each.
  expect(duration_ms).toBeGreaterThanOrEqual(299);
});

test("a server that stops after it let us in costs the limit too", async () => {
  const server = await servers.start();
  const onOpen = async () => void server.child.kill("SIGSTOP");
  const { reach } = await observe(server, { timeLimitMs: 300, onOpen });
  expect(reach).toMatchObject({ ok: false, code: "REDIS_TIMEOUT" });
});

test("a way there that never ends costs the limit, even where it does not heed it", async () => {
  const server = await servers.start();
  const { reach } = await observe(server, { timeLimitMs: 300, onOpen: () => new Promise(() => undefined) });
  expect(reach).toMatchObject({ ok: false, code: "REDIS_TIMEOUT" });
});

test("a server that dies under the observation is observed as gone", async () => {
  const server = await servers.start();
  const { reach } = await observe(server, { onOpen: () => server.kill() });
  expect(reach).toMatchObject({ ok: false, code: "REDIS_CLOSED" });
});

test("a server that runs a long script is reached, and what it refused is kept", async () => {
  const server = await servers.start({ conf: ["busy-reply-threshold 20"] });
  const script = cli(server, ["EVAL", "while true do end", "0"]).catch(() => "");
  await until("the script to count as slow", async () => (await cli(server, ["GET", "a"])).includes("BUSY"));
  const observation = await observe(server);
  expect(observation.reach.ok).toBe(true);
  expect(codes(observation)).toContain("INFO REDIS_BUSY");
  await cli(server, ["SCRIPT", "KILL"]);
  await script;
});

test("a cancelled observation ends at once with the reason it was given", async () => {
  const server = await servers.start();
  server.child.kill("SIGSTOP");
  const cancel = new AbortController();
  const looking = observe(server, { timeLimitMs: 60_000, signal: cancel.signal });
  setTimeout(() => cancel.abort(new RedishaError({ code: "STOPPED", message: "no longer wanted" })), 50);
  await expect(looking).rejects.toThrow("no longer wanted");
  await expect(observe(server, { signal: cancel.signal })).rejects.toThrow("no longer wanted");
});
