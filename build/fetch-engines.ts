import { cachedEngine } from "../src/lab/engines.ts";
import { ENGINES } from "../test/support/engines.ts";
import { fetchPythonRedis, PYTHON_REDIS } from "../test/support/python-redis.ts";

/** Brings every engine under test into the cache, and a client library that this machine may have too old. What is there already is left alone. */
for (const engine of ENGINES) {
  process.stdout.write(`${await cachedEngine(engine, (line) => process.stdout.write(`${line}\n`))}\n`);
}
// Without it one client is not tried, which the tests say.
await fetchPythonRedis().then(
  () => process.stdout.write(`${PYTHON_REDIS}\n`),
  (error: unknown) => process.stderr.write(`python3-redis was not brought: ${String(error)}\n`),
);
