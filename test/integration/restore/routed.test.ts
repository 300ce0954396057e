import { expect, it } from "vitest";
import { type BackedUpLab, backedUpLab } from "../../support/backed-up-lab.ts";
import { fillWithEverything } from "../../support/dataset.ts";
import { declareBeside } from "../../support/declare-beside.ts";

const config = { "enable-debug-command": "yes" };

// Traps: 24, 25, 28, 38.
it("a Cluster of three shards is written into one of four, and into a server without Cluster, key by key", async () => {
  await using source = await backedUpLab({ topology: "cluster", replicas: 0, config });
  const from = source.lab.status.name;
  const send = (...command: string[]) => source.lab.cli("r1:6379", ...command);
  await fillWithEverything(send, "redis-7.0", { cluster: true, soonMs: 500 });
  for (let n = 0; n < 200; n += 1) await send("SET", n % 5 === 0 ? `{tag}:${n}` : `key:${n}`, `värde ${n}\x01`);
  const primaries = source.lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
  for (const id of primaries)
    await source.lab.cli(
      id,
      "FUNCTION",
      "LOAD",
      "#!lua name=lib\nredis.register_function('f', function() return 1 end)",
    );
  const backup = await source.run("backup", { allow_primary: "true" });
  expect(backup.error).toBeNull();

  const counts = await Promise.all(primaries.map((id) => source.lab.cli(id, "DBSIZE")));
  const total = counts.reduce((sum, count) => sum + Number(count), 0);
  const digests = await Promise.all(primaries.map((id) => source.lab.cli(id, "DEBUG", "DIGEST")));

  await using wide = await backedUpLab({ topology: "cluster", primaries: 4, replicas: 0, config });
  await declareBeside(wide, source);
  expect((await wide.run("restore", { from })).error?.code).toBe("RESTORE_SLOTS_DIFFER");
  const move = (...state: string[]) => wide.lab.cli("r1:6379", "CLUSTER", "SETSLOT", "0", ...state);
  await move("MIGRATING", await wide.lab.cli("r2:6379", "CLUSTER", "MYID"));
  expect((await wide.run("restore-routed", { from })).error?.message).toContain("slots are on the move");
  await move("STABLE");
  const spread = await wide.run("restore-routed", { from });
  expect(spread.error).toBeNull();
  const owners = wide.lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
  const held = await Promise.all(owners.map((id) => wide.lab.cli(id, "DBSIZE")));
  expect(held.reduce((sum, count) => sum + Number(count), 0)).toBe(total);
  expect(held.every((count) => Number(count) > 0)).toBe(true);
  const spreadDigests = await Promise.all(owners.map((id) => wide.lab.cli(id, "DEBUG", "DIGEST")));
  for (const id of owners) expect(await wide.lab.cli(id, "FUNCTION", "LIST")).toContain("lib");
  expect((await wide.run("restore-routed", { from })).error?.message).toContain("is to be empty");

  await using plain = await backedUpLab({ topology: "replication", replicas: 0, config });
  await declareBeside(plain, source);
  const some = [await digestOf(plain, ["a"]), await digestOf(plain, ["b"]), await digestOf(plain, ["a", "b"])];
  // Four servers have it an even number of times, three an odd one.
  expect(xor([...spreadDigests, xor(some)])).toBe(xor(digests));
  await plain.lab.cli("r1:6379", "FLUSHALL");
  const one = await plain.run("restore-routed", { from });
  expect(one.error).toBeNull();
  expect(Number(await plain.lab.cli("r1:6379", "DBSIZE"))).toBe(total);
  expect(await plain.lab.cli("r1:6379", "DEBUG", "DIGEST")).toBe(xor(digests));

  await plain.lab.cli("r1:6379", "-n", "3", "SET", "elsewhere", "in another database");
  await declareBeside(wide, plain);
  for (const id of owners) await wide.lab.cli(id, "FLUSHALL");
  const lone = { from: plain.lab.status.name };
  const elsewhere = { code: "RESTORE_REFUSED", message: expect.stringContaining("database 0 alone") };
  expect((await plain.run("backup", { allow_primary: "true" })).error).toBeNull();
  const known = await wide.run("restore-routed", lone);
  expect(known).toMatchObject({ error: elsewhere });
  expect(known.error?.message).toContain("cannot be written there");
  // One that was pulled by replication does not say it: it is found out behind the keys of the first database.
  expect((await plain.run("backup", { allow_primary: "true", method: "sync" })).error).toBeNull();
  const found = await wide.run("restore-routed", lone);
  expect(found).toMatchObject({ status: "rolled_back", error: elsewhere });
  expect((await Promise.all(owners.map((id) => wide.lab.cli(id, "DBSIZE")))).map(Number)).toEqual(owners.map(() => 0));
});

/** DEBUG DIGEST of several servers in one: each is the exclusive or of its keys, and of a number that is the same for all. */
function xor(digests: readonly string[]): string {
  const sum = digests.reduce((all, digest) => all ^ BigInt(`0x${digest}`), 0n);
  return sum.toString(16).padStart(40, "0");
}

/** Of a server that holds these keys alone. */
async function digestOf({ lab }: BackedUpLab, keys: readonly string[]): Promise<string> {
  const script = "redis.call('FLUSHALL') for _, key in ipairs(KEYS) do redis.call('SET', key, key) end";
  await lab.cli("r1:6379", "EVAL", script, String(keys.length), ...keys);
  return await lab.cli("r1:6379", "DEBUG", "DIGEST");
}
