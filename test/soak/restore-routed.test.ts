import { expect, it } from "vitest";
import { type BackedUpLab, backedUpLab } from "../support/backed-up-lab.ts";
import { fillWithEverything } from "../support/dataset.ts";
import { declareBeside } from "../support/declare-beside.ts";
import { redisha } from "../support/redisha.ts";

const KEYS = 300_000;
const FILL = `
for n = ARGV[1], ARGV[1] + ARGV[2] - 1 do
  if n % 10 == 0 then redis.call('SET', 'key:' .. n, 'value:' .. n, 'EX', 86400) else redis.call('SET', 'key:' .. n, 'value:' .. n) end
end`;

const PRIMARIES = ["r1:6379", "r2:6379", "r3:6379"];
const held = async ({ lab }: BackedUpLab) => {
  const counts = await Promise.all(PRIMARIES.map(async (id) => Number(await lab.cli(id, "DBSIZE"))));
  return counts.reduce((sum, count) => sum + count, 0);
};

it(`${KEYS} keys are written into a Cluster of another engine with TLS and users, also when that is killed half-way`, async () => {
  await using source = await backedUpLab({ topology: "replication", replicas: 0 });
  const send = (...command: string[]) => source.lab.cli("r1:6379", ...command);
  await fillWithEverything(send, "redis-7.0");
  await send("-n", "3", "FLUSHDB");
  for (let from = 0; from < KEYS; from += 50_000) await send("EVAL", FILL, "0", String(from), "50000");
  const total = Number(await send("DBSIZE"));
  expect((await source.run("backup", { allow_primary: "true" })).error).toBeNull();

  const shape = { topology: "cluster", replicas: 0, engine: "valkey-9.1", tls: true, auth: "acl" } as const;
  await using target = await backedUpLab(shape);
  await declareBeside(target, source);
  const [from, to] = [source.lab.status.name, target.lab.status.name];
  const file = ["--file", target.lab.file];
  const argv = ["restore", "--routed", ...file, "--deployment", from, "--to", to, "--confirm", to, "-o", "jsonl"];
  for (const verb of ["rollback", "resume"] as const) {
    const killed = await redisha(argv, {
      onStdout: (text, kill) => {
        if (/writing the keys of main: 1[0-9]{5} of/.test(text)) kill("SIGKILL");
      },
    });
    expect(killed.signal, killed.stdout.slice(-1_000) + killed.stderr).toBe("SIGKILL");
    const there = await held(target);
    expect(there).toBeGreaterThan(KEYS / 10);
    expect(there).toBeLessThan(total);
    const run = /"run":"([^"]+)"/.exec(killed.stdout)?.[1] ?? "";
    const ended = await redisha(["runs", verb, run, ...file, "--confirm", to, "--json"]);
    expect(ended.code, `${verb}: ${ended.stdout.slice(-1_500)}${ended.stderr}`).toBe(0);
    expect(await held(target)).toBe(verb === "rollback" ? 0 : total);
  }
  for (const n of [1, 12_345, 299_999]) expect(await target.lab.cli("r1:6379", "GET", `key:${n}`)).toBe(`value:${n}`);
  const ttl = Number(await target.lab.cli("r1:6379", "TTL", "key:10"));
  expect(ttl).toBeGreaterThan(80_000);
  expect(await target.lab.cli("r1:6379", "TTL", "key:11")).toBe("-1");
  expect(await target.lab.cli("r1:6379", "XPENDING", "stream", "group")).toContain("consumer");
  const again = await redisha(argv);
  expect([again.code, again.stdout]).toEqual([4, expect.stringContaining("is to be empty")]);
});
