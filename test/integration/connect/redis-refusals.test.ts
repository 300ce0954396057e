import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type Server as NetServer, Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisConnection, RedisTarget } from "../../../src/connect/types.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";
import { startLeakyWay } from "../../support/leaky-way.ts";
import { cli, ENGINES, type Engine, freePort, type Server, Servers, until } from "../../support/redis.ts";
import { forwardingHost } from "../../support/through.ts";

const servers = new Servers();
const others: NetServer[] = [];
const open = new Set<RedisConnection>();

afterAll(async () => {
  for (const connection of open) connection.close();
  for (const other of others) other.close();
  await servers.stopAll();
});

type Where = Pick<RedisTarget, "address" | "port"> & Partial<RedisTarget>;

/** Both ways there: what goes wrong must read the same. */
const ROUTES = {
  direct: (signal?: AbortSignal) => ({ via: "direct" as const, ...(signal ? { signal } : {}) }),
  "through a host": (signal?: AbortSignal) => ({
    via: "ssh" as const,
    through: forwardingHost(),
    ...(signal ? { signal } : {}),
  }),
};

function target({ address, port, ...more }: Where): RedisTarget {
  return { instance: "r1:6379", address, port, connectTimeoutMs: 1_500, commandTimeoutMs: 5_000, ...more };
}

async function connect(where: Where, route: keyof typeof ROUTES = "direct"): Promise<RedisConnection> {
  const connection = await connectRedis(target(where), ROUTES[route]());
  open.add(connection);
  return connection;
}

async function failure(work: Promise<unknown>): Promise<RedishaError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RedishaError) return error;
  throw new Error(`expected a RedishaError, got ${String(error)}`);
}

/** Every failure to connect says which instance, what state things are in and what to type, and exits 6. */
async function refusedConnection(where: Where, route: keyof typeof ROUTES): Promise<string> {
  const error = await failure(connect(where, route));
  expect(error.host).toBe("r1:6379");
  expect(error.exit).toBe(EXIT.cannotConnect);
  expect(error.state).toMatch(/nothing was changed/);
  expect(error.next.length).toBeGreaterThan(0);
  return error.code;
}

const password = (value: string) => ({ password: () => Promise.resolve(value) });

async function listening(server: NetServer): Promise<number> {
  others.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address ? address.port : 0;
}

describe.each(Object.keys(ROUTES) as (keyof typeof ROUTES)[])("connecting %s", (route) => {
  test("says that nothing listens", async () => {
    const port = await freePort();
    expect(await refusedConnection({ address: "127.0.0.1", port }, route)).toBe("REDIS_REFUSED");
  });

  test("says that a name cannot be resolved", async () => {
    const where = { address: "no-such-host.invalid", port: 6379 };
    expect(await refusedConnection(where, route)).toBe("REDIS_NAME_NOT_FOUND");
  });

  test("tells a server that accepts and says nothing from an address that does not answer at all", async () => {
    const stopped = await servers.start({ conf: ["tcp-backlog 1"] });
    stopped.child.kill("SIGSTOP");
    expect(await refusedConnection(stopped, route)).toBe("REDIS_TIMEOUT");

    // Once the queue of a stopped server is full, the kernel drops what comes after: as a firewall would.
    const fill = Array.from({ length: 8 }, () => new Socket().on("error", () => undefined));
    for (const socket of fill) socket.connect(stopped.port, stopped.address);
    await until("the queue to be full", async () => fill.some(({ connecting }) => connecting));
    expect(await refusedConnection(stopped, route)).toBe("REDIS_UNREACHABLE");
    for (const socket of fill) socket.destroy();
  });

  test("says that the other side closed without a word", async () => {
    const port = await listening(createServer((socket) => socket.end()));
    expect(await refusedConnection({ address: "127.0.0.1", port }, route)).toBe("REDIS_CLOSED");
  });

  test("comes again where the server disconnects everybody while it logs in, twice at the most", async () => {
    const way = await startLeakyWay((await servers.start()).port);
    const where = { address: "127.0.0.1", port: way.port, connectTimeoutMs: 30_000 };
    way.cutAfter(0, 2);
    expect(await (await connect(where, route)).command(["PING"])).toBe("PONG");
    expect(way.cuts).toBe(2);
    way.cutAfter(0, 3);
    expect(await refusedConnection(where, route)).toBe("REDIS_CLOSED");
    expect(way.cuts).toBe(3);
    await way.stop();
  });

  test.each([
    [
      "an SSH server",
      createServer((socket) => void socket.on("error", () => undefined).write("SSH-2.0-OpenSSH_9.2\r\n")),
    ],
    ["a web server", createHttpServer()],
  ])("says that %s is not Redis", async (_, server) => {
    const port = await listening(server);
    const error = await failure(connect({ address: "127.0.0.1", port }, route));
    expect(error.code).toBe("REDIS_NOT_REDIS");
    expect(error.message).toMatch(/SSH-2\.0|HTTP\/1\.1/);
  });

  test("says that the server has no connection left", async () => {
    const full = await servers.start();
    await (await connect(full)).command(["CONFIG", "SET", "maxclients", "1"]);
    expect(await refusedConnection(full, route)).toBe("REDIS_MAXCLIENTS");
  });

  test("ends at once when cancelled", async () => {
    const stopped = await servers.start();
    stopped.child.kill("SIGSTOP");
    const cancel = new AbortController();
    const attempt = failure(
      connectRedis(target({ ...stopped, connectTimeoutMs: 60_000 }), ROUTES[route](cancel.signal)),
    );
    setTimeout(() => cancel.abort(), 100);
    expect((await attempt).code).toBe("REDIS_CANCELLED");
  });

  test("ends where it was cancelled before it began, and leaves no failure that nobody hears", async () => {
    const unheard: unknown[] = [];
    const hear = (error: unknown) => void unheard.push(error);
    process.on("unhandledRejection", hear);
    const attempt = connectRedis(target(await servers.start()), ROUTES[route](AbortSignal.abort()));
    expect((await failure(attempt)).code).toBe("REDIS_CANCELLED");
    // Node tells of it once the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    process.off("unhandledRejection", hear);
    expect(unheard).toEqual([]);
  });
});

test("protected mode is told from a closed door", async () => {
  const server = await servers.start();
  const through = forwardingHost({ from: "127.0.0.9" });
  const error = await failure(connectRedis(target(server), { via: "ssh", through }));
  expect(error.code).toBe("REDIS_DENIED");
  expect(error.exit).toBe(EXIT.cannotConnect);
});

const ownAddress = Object.values(networkInterfaces())
  .flat()
  .find((each) => each && !each.internal && each.family === "IPv4")?.address;

test.skipIf(!ownAddress)("protected mode is seen from another address of this machine too", async () => {
  const server = await servers.start({ address: ownAddress ?? "" });
  expect(await refusedConnection(server, "direct")).toBe("REDIS_DENIED");
});

describe.each(ENGINES)("%s", (engine) => {
  let withPassword: Server;
  let without: Server;

  beforeAll(async () => {
    const users = ["user reader on >reader-password ~app:* +get +auth", "user gone off >gone-password ~* +@all"];
    withPassword = await servers.start({ engine, conf: ["requirepass right-password", ...users] });
    without = await servers.start({ engine });
  });

  test.each(Object.keys(ROUTES) as (keyof typeof ROUTES)[])("refuses a login by its own reason, %s", async (route) => {
    const asked = (auth?: RedisTarget["auth"]) =>
      refusedConnection({ ...withPassword, ...(auth ? { auth } : {}) }, route);
    expect(await asked()).toBe("REDIS_NOAUTH");
    expect(await asked(password("wrong-password"))).toBe("REDIS_WRONGPASS");
    expect(await asked({ username: "nobody", ...password("right-password") })).toBe("REDIS_WRONGPASS");
    expect(await asked({ username: "gone", ...password("gone-password") })).toBe("REDIS_WRONGPASS");
    expect(await refusedConnection({ ...without, auth: password("any-password") }, route)).toBe("REDIS_AUTH_NOT_SET");
  });

  test("no password stands in an error", async () => {
    const error = await failure(connect({ ...withPassword, auth: password("wrong-password") }));
    expect(JSON.stringify([error, error.message, error.next, error.stack, error.cause])).not.toContain(
      "wrong-password",
    );
  });

  test("a refused command names the command, the user and the rule that is missing", async () => {
    const auth = { username: "reader", ...password("reader-password") };
    const connection = await connect({ ...withPassword, auth });
    const config = await failure(connection.command(["CONFIG", "GET", "save"]));
    expect(config.code).toBe("REDIS_NOPERM");
    expect(config.message).toContain("User reader may not run CONFIG GET");
    expect(config.next.join("\n")).toContain("ACL SETUSER reader '+config|get'");
    const key = await failure(connection.command(["GET", "other"]));
    expect(key.code).toBe("REDIS_NOPERM");
    expect(key.message).toContain("a key outside the user's patterns");
    expect(key.exit).toBe(EXIT.failedSafe);
  });

  test("an error about arguments does not repeat them", async () => {
    const connection = await connect(without);
    const error = await failure(connection.command(["NO-SUCH-COMMAND", "a-password-perhaps"]));
    expect(error.code).toBe("REDIS_ERR");
    expect(JSON.stringify([error, error.message])).not.toContain("a-password-perhaps");
  });

  test("any other error is named by its first word", async () => {
    const connection = await connect(without);
    await connection.command(["SET", "text", "x"]);
    expect((await failure(connection.command(["LPUSH", "text", "x"]))).code).toBe("REDIS_WRONGTYPE");
  });

  test("a replica refuses writes, and one that lost its primary refuses reads where it must not serve stale data", async () => {
    const primary = await servers.start({ engine });
    const replica = await servers.start({
      engine,
      conf: [`replicaof ${primary.address} ${primary.port}`, "replica-serve-stale-data no"],
    });
    await until("the link", async () =>
      (await cli(replica, ["INFO", "replication"])).includes("master_link_status:up"),
    );
    const connection = await connect(replica);
    expect((await failure(connection.command(["SET", "a", "1"]))).code).toBe("REDIS_READONLY");
    await primary.kill();
    await until("the link to go", async () => (await cli(replica, ["INFO", "replication"])).includes("status:down"));
    expect((await failure(connection.command(["GET", "a"]))).code).toBe("REDIS_MASTERDOWN");
  });

  test("a cluster node without slots and a primary without replicas say why they refuse", async () => {
    const node = await connect(await servers.start({ engine, conf: ["cluster-enabled yes"] }));
    expect((await failure(node.command(["GET", "a"]))).code).toBe("REDIS_CLUSTERDOWN");
    const primary = await connect(await servers.start({ engine, conf: ["min-replicas-to-write 1"] }));
    expect((await failure(primary.command(["SET", "a", "1"]))).code).toBe("REDIS_NOREPLICAS");
  });

  test("a server that is loading is connected to, and says so", async () => {
    const loading = await startLoading(engine);
    const connection = await connect(loading);
    expect((await failure(connection.command(["GET", "key:1"]))).code).toBe("REDIS_LOADING");
    expect(await connection.command(["INFO", "persistence"])).toContain("loading:1");
  });

  test("a server that runs an endless script is connected to, and says so", async () => {
    const busy = await servers.start({ engine, conf: ["lua-time-limit 20"] });
    const script = await connect({ ...busy, commandTimeoutMs: 30_000 });
    const running = failure(script.command(["EVAL", "while true do end", "0"]));
    const connection = await connect(busy);
    await until("the script to count as slow", async () => {
      const error = await failure(connection.command(["GET", "a"]));
      return error.code === "REDIS_BUSY";
    });
    expect((await failure((await connect(busy)).command(["GET", "a"]))).next.join()).toContain("SCRIPT KILL");
    await connection.command(["SCRIPT", "KILL"]);
    await running;
  });
});

/** A server that takes 6 s over its snapshot. All versions look up from loading every 2 MB, so every 0.4 s here. */
async function startLoading(engine: Engine): Promise<Server> {
  const first = await servers.start({ engine, conf: ["rdbcompression no"] });
  await cli(first, ["EVAL", "for i = 1, 30 do redis.call('SET', 'key:' .. i, string.rep('x', 1000000)) end", "0"]);
  await cli(first, ["SAVE"]);
  return servers.start({ engine, conf: [`dir ${first.dir}`, "key-load-delay 200000"] });
}
