import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";
import { openSession, type Session } from "../../../src/use-cases/session.ts";
import { declared } from "../../support/declared.ts";
import { type LeakyWay, startLeakyWay } from "../../support/leaky-way.ts";
import { cli, type Server, Servers, until } from "../../support/redis.ts";

const servers = new Servers();
let server: Server;
let way: LeakyWay;
let session: Session;

beforeAll(async () => {
  server = await servers.start();
  way = await startLeakyWay(server.port);
});

afterAll(async () => {
  await way.stop();
  await servers.stopAll();
});

beforeEach(async () => {
  const hosts = { r1: { address: "127.0.0.1", ssh: "none" } };
  const redis = { on: ["r1"], ports: [way.port], initial_primary: "r1", via: "direct" };
  const deployment = await declared({ topology: "replication", auth: "none", tls: false }, { hosts, redis });
  session = openSession(deployment, new AbortController().signal);
  return () => session.close();
});

async function connection() {
  const [instance] = session.deployment.instances;
  if (!instance) throw new Error("no instance");
  return session.live.connections.redis(instance);
}

async function failure(work: Promise<unknown>): Promise<RedishaError> {
  return work.then(
    () => expect.fail("it did not fail"),
    (error: RedishaError) => error,
  );
}

/** What Sentinel has a server do whose role it changes. */
async function disconnectAll(redis: Awaited<ReturnType<typeof connection>>): Promise<void> {
  await cli(server, ["CLIENT", "KILL", "TYPE", "normal"]).catch(() => undefined);
  await until("it to be noticed", async () => redis.closed);
}

describe("a run's connection to a server that disconnects everybody", () => {
  test("asks again what only reads, and sets again what is set", async () => {
    const redis = await connection();
    way.cutAfter(0, 1);
    await redis.command(["CONFIG", "SET", "slowlog-log-slower-than", "5000"]);
    expect(way.cuts).toBe(1);
    const anew = await connection();
    way.cutAfter(0, 1);
    const answers = await anew.pipeline([["CONFIG", "GET", "slowlog-log-slower-than"], ["ROLE"]]);
    expect(answers).toEqual([["slowlog-log-slower-than", "5000"], expect.arrayContaining(["master"])]);
    expect(way.cuts).toBe(1);
  });

  test("sends what was not sent yet, again and again, over the connection that took its place", async () => {
    const redis = await connection();
    for (const seconds of ["10", "11"]) {
      await disconnectAll(redis);
      expect(await redis.command(["CONFIG", "SET", "repl-timeout", seconds])).toBe("OK");
      await disconnectAll(await connection());
    }
    expect(await redis.command(["BGSAVE"])).toMatch(/^Background/);
  });

  test("never sends again what may have been done, or what depends on the connection", async () => {
    const redis = await connection();
    way.cutAfter(0, 1);
    expect(await failure(redis.command(["INCR", "count"]))).toMatchObject({ exit: EXIT.outcomeUnknown });
    expect(await cli(server, ["GET", "count"])).toBe("1");
    expect(await failure(redis.command(["WAIT", "0", "10"]))).toMatchObject({ exit: EXIT.cannotConnect });
    const other = await connection();
    way.cutAfter(0, 1);
    const [, killed] = await other.pipeline([["PING"], ["CLIENT", "PAUSE", "1"]]);
    expect(killed).toMatchObject({ code: "REDIS_CLOSED", exit: EXIT.outcomeUnknown });
  });

  test("tells that it was disconnected where the server does not let it in again, and tries anew when asked later", async () => {
    const redis = await connection();
    way.cutAfter(0, 4);
    expect(await failure(redis.command(["PING"]))).toMatchObject({ code: "REDIS_CLOSED", exit: EXIT.outcomeUnknown });
    expect(way.cuts).toBe(4);
    expect(await (await connection()).command(["PING"])).toBe("PONG");
  });

  test("does both also within a time that is no whole number of milliseconds", async () => {
    const redis = await connection();
    way.cutAfter(0, 1);
    expect(await redis.command(["PING"], { timeoutMs: 60_000.5 })).toBe("PONG");
    const other = await connection();
    // Nobody may be left to hear how the one that is to take its place fails: that ends a process.
    way.cutAfter(0, 4);
    expect(await failure(other.command(["PING"], { timeoutMs: 60_000.5 }))).toMatchObject({ code: "REDIS_CLOSED" });
  });

  test("stays closed once the run has closed it", async () => {
    const redis = await connection();
    await session.close();
    expect(await failure(redis.command(["PING"]))).toMatchObject({ code: "REDIS_CLOSED" });
  });
});
