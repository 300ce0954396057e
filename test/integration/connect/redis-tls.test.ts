import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisTarget, RedisTls } from "../../../src/connect/types.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";
import {
  type Certificates,
  ENGINES,
  type Engine,
  makeCertificates,
  type Server,
  Servers,
} from "../../support/redis.ts";
import { forwardingHost } from "../../support/through.ts";

const servers = new Servers();
let dir: string;
let good: Certificates;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "redisha-tls-"));
  good = await makeCertificates(dir);
});

afterAll(async () => {
  await servers.stopAll();
  await rm(dir, { recursive: true, force: true });
});

const ROUTES = { direct: { via: "direct" }, "through a host": { via: "ssh", through: forwardingHost() } } as const;
type RouteName = keyof typeof ROUTES;

function target(server: Server, tls?: RedisTls): RedisTarget {
  const { address, port } = server;
  const limits = { connectTimeoutMs: 3_000, commandTimeoutMs: 3_000 };
  return { instance: "r1:6379", address, port, ...limits, ...(tls ? { tls } : {}) };
}

async function failure(server: Server, route: RouteName, tls?: RedisTls): Promise<RedishaError> {
  const error: unknown = await connectRedis(target(server, tls), ROUTES[route]).then(
    (connection) => connection.close(),
    (thrown: unknown) => thrown,
  );
  if (error instanceof RedishaError) return error;
  throw new Error(`expected a RedishaError, got ${String(error)}`);
}

const tlsServer = (engine: Engine, tls: Certificates, clients = "no") =>
  servers.start({ engine, tls, conf: [`tls-auth-clients ${clients}`] });

describe.each(ENGINES)("%s", (engine) => {
  let secure: Server;
  let plain: Server;

  beforeAll(async () => {
    secure = await tlsServer(engine, good);
    plain = await servers.start({ engine });
  });

  describe.each(Object.keys(ROUTES) as RouteName[])("%s", (route) => {
    test("speaks TLS with a server that the given authority signed", async () => {
      const connection = await connectRedis(target(secure, { ca: good.ca }), ROUTES[route]);
      const big = "x".repeat(500_000);
      await connection.command(["SET", "big", big]);
      expect(await connection.command(["GET", "big"])).toBe(big);
      connection.close();
      expect(connection.closed).toBe(true);
    });

    test("says that the port speaks TLS where redisha.yaml does not ask for it", async () => {
      const error = await failure(secure, route);
      expect(error.code).toBe("REDIS_TLS_EXPECTED");
      expect(error.exit).toBe(EXIT.cannotConnect);
      expect(error.next.join()).toContain("tls:");
    });

    test("says that the port does not speak TLS, before the time limit", async () => {
      const error = await failure(plain, route, { ca: good.ca });
      // At the time limit it would have been REDIS_TIMEOUT.
      expect(error.code).toBe("REDIS_TLS_NOT_SPOKEN");
    });
  });
});

describe.each(Object.keys(ROUTES) as RouteName[])("certificates, %s", (route) => {
  test("one of an unknown authority is refused", async () => {
    const other = await makeCertificates(dir);
    const server = await tlsServer("redis-7.0", good);
    expect((await failure(server, route, { ca: other.ca })).code).toBe("REDIS_TLS_UNTRUSTED");
    expect((await failure(server, route, {})).code).toBe("REDIS_TLS_UNTRUSTED");
  });

  test("one that has expired is refused", async () => {
    const expired = await makeCertificates(dir, { days: -1 });
    const server = await tlsServer("redis-7.0", expired);
    expect((await failure(server, route, { ca: expired.ca })).code).toBe("REDIS_TLS_EXPIRED");
  });

  test("one for another name is refused, and accepted under the name that redisha.yaml gives", async () => {
    const named = await makeCertificates(dir, { names: ["DNS:redis.example"] });
    const server = await tlsServer("redis-7.0", named);
    const error = await failure(server, route, { ca: named.ca });
    expect(error.code).toBe("REDIS_TLS_NAME_MISMATCH");
    expect(error.message).toContain("DNS:redis.example");
    const tls = { ca: named.ca, serverName: "redis.example" };
    const connection = await connectRedis(target(server, tls), ROUTES[route]);
    expect(await connection.command(["PING"])).toBe("PONG");
    connection.close();
  });

  test("a server that wants one from its clients says so, and takes ours", async () => {
    const server = await tlsServer("redis-7.0", good, "yes");
    expect((await failure(server, route, { ca: good.ca })).code).toBe("REDIS_TLS_CLIENT_CERT");
    const other = await makeCertificates(dir);
    const wrong = { ca: good.ca, cert: other.cert, key: other.key };
    expect((await failure(server, route, wrong)).code).toBe("REDIS_TLS_CLIENT_CERT");
    const connection = await connectRedis(target(server, good), ROUTES[route]);
    expect(await connection.command(["PING"])).toBe("PONG");
    connection.close();
  });

  test("a server that stops in the middle of the handshake costs the time limit", async () => {
    const server = await tlsServer("redis-7.0", good);
    server.child.kill("SIGSTOP");
    expect((await failure(server, route, { ca: good.ca })).code).toBe("REDIS_TIMEOUT");
  });
});

test("a file that cannot be read is named before anything is connected", async () => {
  const server = await tlsServer("redis-7.0", good);
  const error = await failure(server, "direct", { ca: "/no/such/ca.crt" });
  expect(error.code).toBe("REDIS_TLS_FILE");
  expect(error.exit).toBe(EXIT.usage);
  expect(error.message).toContain("/no/such/ca.crt");
});
