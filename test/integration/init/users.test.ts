import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { connectRedis } from "../../../src/connect/redis/connect-redis.ts";
import type { RedisConnection } from "../../../src/connect/types.ts";
import { userLinesOf } from "../../../src/init/lines.ts";
import { userDifferences, userFileDifferences } from "../../../src/init/user-differences.ts";
import { renderUsers } from "../../../src/render/users.ts";
import { ENGINES } from "../../support/engines.ts";
import { FromConf, VERSIONS } from "../../support/from-conf.ts";
import { freePort } from "../../support/redis.ts";
import { until } from "../../support/until.ts";

const login = (name: string) => ({ name, passwords: [`${name}-of-the-test`] });

describe.each(ENGINES)("users that %s holds in memory", (engine) => {
  test("are those of the rendered file, however it spells them; what somebody changes of them is named", async () => {
    const servers = new FromConf();
    const folder = await mkdtemp(join(tmpdir(), "redisha-users-"));
    const port = await freePort("127.0.0.1");
    const users = renderUsers({
      engine: { name: engine.split("-")[0] ?? "", version: VERSIONS[engine] },
      ...{ operator: login("redisha"), replication: login("repl"), sentinel: login("watch"), exporter: login("look") },
      applications: [
        { ...login("shop"), access: "read-write", keys: ["cart:*"], channels: ["cart:*"] },
        { ...login("report"), access: "read-only", keys: ["*"], channels: [] },
      ],
    });
    const conf = `port ${port}\nbind 127.0.0.1\ndir ${folder}\nsave ""\naclfile ${folder}/users.acl\n`;
    await servers.start(engine, "server", folder, conf, { "users.acl": users });
    const target = { instance: "r1", address: "127.0.0.1", port, connectTimeoutMs: 3_000, commandTimeoutMs: 3_000 };
    const auth = { username: "redisha", password: async () => "redisha-of-the-test" };
    let redis: RedisConnection | undefined;
    try {
      await until(async () => {
        redis = await connectRedis({ ...target, auth }, { via: "direct" }).catch(() => undefined);
        return redis !== undefined;
      });
      if (!redis) throw new Error("not connected");
      const signal = new AbortController().signal;
      const differences = () => userDifferences(userLinesOf(users), redis as RedisConnection, signal);
      expect(await differences()).toEqual([]);
      await redis.command(["ACL", "SAVE"]);
      const saved = userLinesOf(await readFile(join(folder, "users.acl"), "utf8"));
      expect(await userFileDifferences(userLinesOf(users), saved, redis, signal)).toEqual([]);
      await redis.command(["ACL", "SETUSER", "shop", "+flushall"]);
      await redis.command(["ACL", "SETUSER", "watch", "-slaveof"]);
      await redis.command(["ACL", "SETUSER", "report", "-@all", "+get"]);
      await redis.command(["ACL", "SETUSER", "repl", "~secret:*"]);
      await redis.command(["ACL", "SETUSER", "intruder", "on", "nopass", "~*", "+@all"]);
      await redis.command(["ACL", "DELUSER", "look"]);
      const named = new Map((await differences()).map(({ name, was, will }) => [name, { was, will }]));
      expect([...named.keys()].sort()).toEqual(
        ["intruder", "look", "repl", "report", "shop", "watch"].map((name) => `user ${name}`),
      );
      expect(named.get("user shop")?.was).toContain("+flushall");
      expect(named.get("user watch")?.will).toMatch(/\+(slaveof|replicaof)/);
      expect(named.get("user report")?.will).toMatch(/and \d+ commands more/);
    } finally {
      redis?.close();
      await servers.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });
});
