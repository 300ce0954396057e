import type { AnyKind } from "../kind.ts";
import { defineClient } from "./client-kind.ts";

const what = (library: string) => `${library}: a client that survives a failover, and sessions kept with it`;

/** Libraries of applications. */
export const CLIENTS: readonly AnyKind[] = [
  defineClient({ name: "ioredis", title: what("ioredis"), file: "ioredis.mjs", check: ["node --check ioredis.mjs"] }),
  defineClient({
    ...{ name: "node-redis", title: what("node-redis"), file: "node-redis.mjs" },
    check: ["node --check node-redis.mjs"],
  }),
  defineClient({
    ...{ name: "redis-py", title: what("redis-py"), file: "redis_sessions.py" },
    check: ["python3 -m py_compile redis_sessions.py"],
  }),
  defineClient({
    ...{ name: "jedis", title: what("Jedis"), file: "JedisSessions.java" },
    check: ["javac -cp 'lib/*' JedisSessions.java"],
  }),
  defineClient({
    ...{ name: "lettuce", title: what("Lettuce"), file: "LettuceSessions.java" },
    check: ["javac -cp 'lib/*' LettuceSessions.java"],
  }),
  defineClient({
    ...{ name: "go-redis", title: what("go-redis"), file: "sessions.go" },
    check: ["gofmt -l .", "go vet ./..."],
  }),
];
