import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CLUSTER, file, REPLICATION, SENTINEL, scratch, warningsOf } from "./support.ts";

const sentinels = (section: string) => file(...SENTINEL.slice(0, 3), `sentinel: ${section}`, "master_name: mymaster");

describe("allowed, with a warning,", () => {
  it.each([
    [
      "one Sentinel",
      sentinels("{ on: [r1] }"),
      ["7:21 1 Sentinel cannot fail over once one is lost (run three, on three hosts)"],
    ],
    [
      "two Sentinels",
      sentinels("{ on: [r1, r2] }"),
      ["7:21 2 Sentinels cannot fail over once one is lost (run three, on three hosts)"],
    ],
    [
      "four Sentinels",
      sentinels("{ on: [r1, r2, r3, r1:26380] }"),
      ["7:21 4 Sentinels survive no more losses than 3: the majority is 3 (run an odd number)"],
    ],
    [
      "a quorum of one among three",
      sentinels("{ on: [r1, r2, r3], quorum: 1 }"),
      [
        "7:43 with a quorum of 1, one Sentinel that is cut off starts failovers of a healthy primary (the majority is 2)",
      ],
    ],
    [
      "Sentinels that have nothing to promote",
      file(...SENTINEL.slice(0, 2), "redis: { on: [r1] }", ...SENTINEL.slice(3)),
      ["6:18 there is no replica that Sentinel could promote"],
    ],
    [
      "a bus that is not translated as its port is",
      file(...CLUSTER).replace(
        "10.0.1.10",
        "10.0.1.10, listen: 10.0.0.1, redis_ports: { 7000: 8000, 7001: 8001, 17001: 18001 }",
      ),
      ["5:71 the bus that belongs to port 7000, 17000, is not translated: other nodes come to it at 17000"],
    ],
    [
      "a cluster of two primaries",
      file(...CLUSTER.slice(0, 2), "redis: { on: [r1, r2], ports: [7000, 7001] }"),
      [
        "6:18 4 instances with 1 replicas per primary make 2 primaries (a cluster needs three primaries to agree that one of them is down)",
      ],
    ],
    ["what is in order", file(...SENTINEL), []],
    ["what is in order, as a cluster", file(...CLUSTER), []],
  ])("is %s", async (_, text, warnings) => {
    expect(await warningsOf(text)).toEqual(warnings);
  });

  it("is a waiver whose day is over, from the day after on", async () => {
    const text = file(...REPLICATION, "preflight: { waive: [{ check: tls-required, until: 2026-12-31, reason: x }] }");
    const on = (day: string) => warningsOf(text, { now: new Date(day) });
    expect(await on("2026-12-31T23:59:00Z")).toEqual([]);
    expect(await on("2027-01-01T00:00:00Z")).toEqual([
      "7:56 the waiver of tls-required ended on 2026-12-31 (mend it, or set a new day)",
    ]);
  });

  it("is a secret file that everybody can read", async () => {
    const path = join(await scratch(), "password");
    await writeFile(path, "swordfish\n");
    const text = file(...REPLICATION, `auth: { operator: { password: { file: ${path} } } }`);
    await chmod(path, 0o644);
    expect(await warningsOf(text)).toEqual([
      `7:43 every user of this machine can read this secret (chmod 600 ${path})`,
    ]);
    await chmod(path, 0o640);
    expect(await warningsOf(text)).toEqual([]);
  });
});
