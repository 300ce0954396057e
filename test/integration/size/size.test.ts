import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { keyBytes } from "../../../src/size/key-bytes.ts";
import { layoutOf } from "../../../src/size/layout.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";

const KEYS = 50_000;
const FILL = `for i = 1, ${KEYS} do redis.call('SET', string.format('key:%08d', i), string.rep('x', 200)) end return ${KEYS}`;
const SHAPE = {
  ...{ type: "string" as const, keys: KEYS, keyBytes: 12, valueBytes: 200, elements: 1, fieldBytes: 1, expiring: 0 },
};

describe("redisha size", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "sentinel", auth: "acl", tls: true });
    await lab.cli("r1:6379", "EVAL", FILL, "0");
  });
  afterAll(() => lab?.down());

  const size = async (...flags: string[]) => {
    const ended = await redisha(["size", "--for", "300ms", "--json", "--file", lab.file, ...flags]);
    return { ...ended, json: JSON.parse(ended.stdout) };
  };

  it("measures a deployment that is there: its keys, and what they take within 15 percent", async () => {
    const expected = KEYS * keyBytes(SHAPE, layoutOf("redis", "7.0"));
    const { code, json } = await size();
    expect(code).toBe(0);
    const [load] = json.result.loads;
    expect(load).toMatchObject({ keys: KEYS, replicas: 2 });
    expect(Math.abs(load.data_bytes / expected - 1)).toBeLessThan(0.15);
    expect(json.result.sizing.needs.map(({ id }: { id: string }) => id)).toContain("maxmemory");
    expect(json.result.benchmarks).toEqual([]);
  });

  it("reckons one that is not there with limits of a runbook of one's own", async () => {
    const figures = [
      "size",
      "--keys",
      "1000000",
      "--value-size",
      "200",
      "--reads",
      "9000",
      "--json",
      "--file",
      lab.file,
    ];
    const shards = async () => JSON.parse((await redisha(figures)).stdout).result.sizing.shards;
    expect(await shards()).toBe(1);
    const own = join(dirname(lab.file), "runbooks");
    await mkdir(own);
    const text = await readFile(packagePath("runbooks", "size.yaml"), "utf8");
    await writeFile(join(own, "size.yaml"), text.replace("default: 50000", "default: 3000"));
    expect(await shards()).toBe(3);
    await writeFile(join(own, "size.yaml"), text);
  });

  it("has redis-benchmark measure a server made for it on a replica's host, and leaves nothing there", async () => {
    const before = await rooms();
    const { code, json } = await size("--benchmark", "--benchmark-for", "1s");
    expect(json.error ?? null).toBeNull();
    expect(code).toBe(0);
    const [benchmark] = json.result.benchmarks;
    expect(benchmark).toMatchObject({ server: "scratch", host: "r2", connections: 50, value_bytes: 100 });
    expect(benchmark.rates.map(({ test }: { test: string }) => test)).toEqual(["SET", "GET"]);
    const value = (id: string) => json.result.sizing.needs.find((need: { id: string }) => need.id === id).value;
    const best = Math.min(...benchmark.rates.map(({ ops }: { ops: number }) => ops));
    expect(value("plan_from")).toBe(Math.round(best / 4));
    expect(value("plan_to")).toBe(Math.round(best / 2));
    expect(before).toEqual(expect.arrayContaining(await rooms()));
    expect(await lab.cli("r1:6379", "DBSIZE")).toBe(String(KEYS));
  });

  it("asks a live primary only once it was agreed to by name, with keys of its own and as a user that is gone after it", async () => {
    const live = ["--benchmark", "--target", "r1:6379", "--benchmark-for", "1s"];
    const refused = await size(...live);
    expect(refused.code).toBe(4);
    const { code, json } = await size(...live, "--confirm", "lab");
    expect(json.error ?? null).toBeNull();
    expect(code).toBe(0);
    const [benchmark] = json.result.benchmarks;
    expect(benchmark).toMatchObject({ server: "r1:6379", host: "r1" });
    expect(benchmark.rates.map(({ test }: { test: string }) => test)).toEqual(["SET", "GET"]);
    expect(await lab.cli("r1:6379", "ACL", "LIST")).not.toContain("redisha-benchmark");
    const [, keys = "[]"] = (
      await lab.cli("r1:6379", "SCAN", "0", "MATCH", "redisha:benchmark:*", "COUNT", "100000")
    ).split("\n");
    if (keys.startsWith("redisha:")) expect(Number(await lab.cli("r1:6379", "TTL", keys))).toBeGreaterThan(0);
  });
});

/** Folders of servers that were made to be measured. */
async function rooms(): Promise<string[]> {
  return (await readdir("/var/tmp")).filter((name) => name.startsWith("redisha-benchmark."));
}
