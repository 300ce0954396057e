import { describe, expect, it } from "vitest";
import { fillCluster } from "../support/cluster-load.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { login } from "../support/lab-login.ts";
import { complaints, reshard, slotsOf, unnoticed } from "../support/reshards.ts";
import { goOn } from "../support/signalled.ts";

describe.each([
  ["valkey-9.1", "acl", true],
  ["redis-8.6", "acl", true],
  ["valkey-9.1", "password", false],
  ["redis-8.6", "none", false],
] as const)("slots that servers move by themselves (%s, users: %s, TLS: %s)", (engine, auth, tls) => {
  const shape = { topology: "cluster", ssh: false, downAfterMs: 5_000, engine, auth, tls } as const;
  /** Redis 8.6 has every type that 8.0 has. */
  const like = engine === "redis-8.6" ? "redis-8.0" : engine;

  it("go and come back while no client notices, and rights are as they were", async () => {
    await using lab = await bringUpLab(shape);
    await fillCluster(lab, like);
    const users = () => Promise.all(["r1:6379", "r3:6379"].map((id) => usersOf(lab, id)));
    const before = await users();
    await unnoticed(lab, async () => {
      const { code, stdout, stderr } = await reshard(lab, "--to", "r3", "--slots", "1500");
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      const { slots, longest_ms, keys } = JSON.parse(stdout).result;
      expect(slots).toBe(1_500);
      process.stderr.write(`${JSON.stringify({ engine, auth, tls, keys, longest_ms })}\n`);
      expect(await byThemselves(lab, engine)).toBe(2);
      expect(await users()).toEqual(before);
      const back = await goOn(lab, "rollback");
      expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
      expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    });
    expect(await users()).toEqual(before);
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });

  it("go key by key where the servers give up, or where that is asked for", async () => {
    await using lab = await bringUpLab({ ...shape, config: { "enable-debug-command": "yes" } });
    await fillCluster(lab, like);
    if (engine === "redis-8.6") await lab.cli("r3:6379", "DEBUG", "ASM-FAILPOINT", "import-main-channel", "connecting");
    // A selector of somebody's own is left alone, and nothing is lent beside it.
    else if (auth === "acl") await lab.cli("r3:6379", "ACL", "SETUSER", "replication", "(+ping)");
    const givesUp = engine === "redis-8.6" || auth === "acl";
    const more = givesUp ? [] : ["--method", "keys"];
    await unnoticed(lab, async () => {
      const { code, stdout, stderr } = await reshard(lab, "--from", "r1", "--to", "r3", "--slots", "300", ...more);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout).result.slots).toBe(300);
      expect(await byThemselves(lab, engine)).toBe(0);
    });
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
  });
});

/** What each user may do. */
async function usersOf(lab: TestLab, id: string): Promise<string[]> {
  const { user } = await login(lab);
  return user === undefined ? [] : (await lab.cli(id, "ACL", "LIST")).split("\n");
}

/** How many moves to r3 the servers say they have done by themselves. */
async function byThemselves(lab: TestLab, engine: string): Promise<number> {
  const ask = engine.startsWith("valkey") ? ["GETSLOTMIGRATIONS"] : ["MIGRATION", "STATUS", "ALL"];
  const words = (await lab.cli("r3:6379", "CLUSTER", ...ask)).split("\n");
  return words.filter((word, at) => words[at - 1] === "state" && ["success", "completed"].includes(word)).length;
}
