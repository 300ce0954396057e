import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisAuth, RedisTarget } from "../../../src/connect/types.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";
import { cli, ENGINES, type Server, Servers, until } from "../../support/redis.ts";
import { forwardingHost } from "../../support/through.ts";

const servers = new Servers();
afterAll(() => servers.stopAll());

const HOST = forwardingHost();
const ROUTES = { direct: { via: "direct" }, "through a host": { via: "ssh", through: HOST } } as const;
type RouteName = keyof typeof ROUTES;
const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];

function target({ address, port }: Pick<Server, "address" | "port">, auth?: RedisAuth): RedisTarget {
  const limits = { connectTimeoutMs: 3_000, commandTimeoutMs: 3_000 };
  return { instance: "r1:6379", address, port, ...limits, ...(auth ? { auth } : {}) };
}

const connect = (server: Server, route: RouteName = "direct", auth?: RedisAuth) =>
  connectRedis(target(server, auth), ROUTES[route]);

async function failure(work: Promise<unknown>): Promise<RedishaError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof RedishaError) return error;
  throw new Error(`expected a RedishaError, got ${String(error)}`);
}

describe.each(ENGINES)("%s", (engine) => {
  let server: Server;
  beforeAll(async () => {
    server = await servers.start({ engine });
  });

  test.each(ROUTE_NAMES)("answers as plain data, %s", async (route) => {
    const connection = await connect(server, route);
    await connection.command(["DEL", "h", "n"]);
    const answers = await connection.pipeline([
      ["HSET", "h", "field", "välue"],
      ["HGETALL", "h"],
      ["GET", "nothing"],
      ["EVAL", "return {1, 'two', {3, false}}", "0"],
      ["ROLE"],
    ]);
    expect(answers).toEqual([1, ["field", "välue"], null, [1, "two", [3, null]], ["master", 0, []]]);
    expect(connection.via).toBe(ROUTES[route].via);
    connection.close();
  });

  test("integers stay exact around 2^53", async () => {
    const connection = await connect(server);
    await connection.command(["SET", "n", "9007199254740944"]);
    for (let n = 9007199254740945n; n <= 9007199254740995n; n += 1n) {
      expect(String(await connection.command(["INCR", "n"]))).toBe(String(n));
    }
    expect(await connection.command(["INCR", "n"])).toBe("9007199254740996");
    connection.close();
  });

  test("a user who may neither say HELLO nor name the connection is let in", async () => {
    const narrow = "user narrow on >narrow-password ~* -@all +set";
    const closed = await servers.start({ engine, conf: ["user default off", narrow] });
    const auth = { username: "narrow", password: async () => "narrow-password" };
    const connection = await connect(closed, "direct", auth);
    expect(await connection.command(["SET", "a", "1"])).toBe("OK");
    connection.close();
  });

  test("where servers know no users yet, everybody's password lets in; where they do, that of the user goes first", async () => {
    const closed = await servers.start({ engine, conf: ["requirepass of-everybody"] });
    const passwords = { password: async () => "of-the-user", previousPassword: async () => "of-everybody" };
    const auth = { username: "redisha", previousUsername: "default", ...passwords } as const;
    const whoami = async () => {
      const connection = await connect(closed, "direct", auth);
      const user = await connection.command(["ACL", "WHOAMI"]);
      if (user === "default") {
        await connection.command(["ACL", "SETUSER", "redisha", "on", ">of-the-user", "~*", "+@all"]);
      }
      connection.close();
      return user;
    };
    expect([await whoami(), await whoami()]).toEqual(["default", "redisha"]);
  });

  test("the connection is named in CLIENT LIST, and gone after close", async () => {
    const named = async () => (await cli(server, ["CLIENT", "LIST"])).match(/name=redisha /g)?.length ?? 0;
    await until("earlier connections to go", async () => (await named()) === 0);
    for (const route of ROUTE_NAMES) {
      const connection = await connect(server, route);
      expect(await named()).toBe(1);
      connection.close();
      connection.close();
      await until("it to go", async () => (await named()) === 0);
    }
    expect(HOST.open.size).toBe(0);
  });
});

describe.each(ROUTE_NAMES)("a connection %s", (route) => {
  test("that is closed says that the command was not sent", async () => {
    const connection = await connect(await servers.start(), route);
    connection.close();
    const error = await failure(connection.command(["SET", "a", "1"]));
    expect([error.code, error.exit]).toEqual(["REDIS_CLOSED", EXIT.cannotConnect]);
    expect(error.state).toContain("not sent");
  });

  test("whose server dies says that the outcome of the command is unknown", async () => {
    const server = await servers.start();
    const connection = await connect(server, route);
    const waiting = failure(connection.command(["BLPOP", "list", "0"]));
    await until("it to wait", async () => (await cli(server, ["INFO", "clients"])).includes("blocked_clients:1"));
    await server.kill();
    const error = await waiting;
    expect([error.code, error.exit]).toEqual(["REDIS_CLOSED", EXIT.outcomeUnknown]);
    expect(connection.closed).toBe(true);
  });

  test("that is closed under a waiting command ends that command", async () => {
    const connection = await connect(await servers.start(), route);
    const waiting = failure(connection.command(["BLPOP", "list", "0"], { timeoutMs: 60_000 }));
    setTimeout(() => connection.close(), 50);
    expect((await waiting).code).toBe("REDIS_CLOSED");
  });

  test("keeps what was answered before the time limit, and goes on with the right answers after it", async () => {
    const connection = await connect(await servers.start(), route);
    const argvs = [
      ["SET", "a", "1"],
      ["BLPOP", "list", "1"],
      ["GET", "a"],
    ];
    const [set, wait, get] = await connection.pipeline(argvs, { timeoutMs: 300 });
    expect(set).toBe("OK");
    for (const late of [wait, get]) expect(late).toMatchObject({ code: "REDIS_TIMEOUT", exit: EXIT.outcomeUnknown });
    expect(await connection.command(["GET", "a"])).toBe("1");
    connection.close();
  });

  test("ends a command at once when that is cancelled", async () => {
    const connection = await connect(await servers.start(), route);
    const cancel = new AbortController();
    const waiting = failure(connection.command(["BLPOP", "list", "0"], { timeoutMs: 60_000, signal: cancel.signal }));
    setTimeout(() => cancel.abort(), 50);
    expect((await waiting).code).toBe("REDIS_CANCELLED");
    expect((await failure(connection.command(["PING"], { signal: cancel.signal }))).code).toBe("REDIS_CANCELLED");
    connection.close();
  });

  test("carries many answers of every size", async () => {
    const connection = await connect(await servers.start(), route);
    const sizes = Array.from({ length: 400 }, (_, index) => index * 97);
    await connection.pipeline(sizes.map((size) => ["SET", `k${size}`, "é".repeat(size)]));
    const answers = await connection.pipeline(sizes.map((size) => ["GET", `k${size}`]));
    expect(answers.map(String)).toEqual(sizes.map((size) => "é".repeat(size)));
    connection.close();
  });
});

test("the process ends by itself after close, and prints no password even where the client is told to trace", async () => {
  const server = await servers.start({ conf: ["requirepass secret-password"] });
  const script = `
    import { connectRedis } from ${JSON.stringify(join(import.meta.dirname, "../../../src/connect/redis/connect-redis.ts"))};
    const password = async () => process.env.REDISHA_PASSWORD;
    const limits = { connectTimeoutMs: 60_000, commandTimeoutMs: 60_000 };
    const target = { instance: "r1", address: "127.0.0.1", port: ${server.port}, auth: { password }, ...limits };
    const connection = await connectRedis(target, { via: "direct" });
    await connection.command(["CONFIG", "SET", "masterauth", process.env.REDISHA_PASSWORD]);
    connection.close();`;
  const env = { ...process.env, DEBUG: "*", REDISHA_PASSWORD: "secret-password" };
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], { env });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await once(child, "exit");
  expect(output).not.toContain("secret-password");
  expect(output).toContain("AUTH");
  expect(code).toBe(0);
});
