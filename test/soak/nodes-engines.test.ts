import { describe, expect, it } from "vitest";
import { fillCluster } from "../support/cluster-load.ts";
import { opsOf, placesOf } from "../support/killed-nodes.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { complaints, unnoticed } from "../support/reshards.ts";
import { goOn } from "../support/signalled.ts";

describe.each([
  ["redis-7.0", "acl", true],
  ["redis-6.0", "acl", false],
  ["redis-8.0", "password", false],
  ["valkey-8.1", "none", false],
  ["valkey-9.1", "acl", true],
] as const)("nodes of a cluster, in and out (%s, users: %s, TLS: %s)", (engine, auth, tls) => {
  const shape = { topology: "cluster", ssh: false, spares: 4, downAfterMs: 5_000, engine, auth, tls } as const;
  const doing = (lab: TestLab) => async (command: string) => {
    const began = performance.now();
    await unnoticed(lab, async () => {
      if (command === "rollback") await expectBack(lab);
      else await opsOf(lab, ["cluster", ...command.split(" ")]);
    });
    const ms = Math.round(performance.now() - began);
    await expect.poll(() => complaints(lab), { timeout: 60_000 }).toEqual([]);
    process.stderr.write(`${JSON.stringify({ engine, auth, tls, command, ms })}\n`);
  };

  it("become more primaries and fewer while no client notices, and go back as they came", async () => {
    await using lab = await bringUpLab(shape);
    await fillCluster(lab, engine);
    const does = doing(lab);
    const three = await placesOf(lab);
    await does("scale --primaries 5");
    await does("rollback");
    await expect.poll(() => placesOf(lab), { timeout: 60_000 }).toEqual(three);
    await does("scale --primaries 5");
    const five = await placesOf(lab);
    await does("scale --primaries 3");
    expect((await placesOf(lab)).filter((line) => /owns [1-9]/.test(line))).toHaveLength(3);
    await does("rollback");
    await expect.poll(() => placesOf(lab), { timeout: 60_000 }).toEqual(five);
  });

  it("come, go, and take each other's place while no client notices, and go back as they came", async () => {
    await using lab = await bringUpLab(shape);
    await fillCluster(lab, engine);
    const does = doing(lab);
    await does("add-node r7:6379 --primary --slots 1000");
    await does("add-node r8:6379 --replica-of r7:6379");
    const four = await placesOf(lab);
    await does("remove-node r7:6379");
    await does("rollback");
    await expect.poll(() => placesOf(lab), { timeout: 60_000 }).toEqual(four);
    await does("replace-node r2:6379 r9:6379");
    await does("rollback");
    await expect.poll(() => placesOf(lab), { timeout: 60_000 }).toEqual(four);
    const gone = (await placesOf(lab)).find((line) => line.includes("follows r1:6379"))?.split(" ")[0] ?? "";
    await lab.kill(gone);
    await does(`remove-node ${gone}`);
    await does("add-node r10:6379 --replica-of r1:6379");
  });
});

async function expectBack(lab: TestLab): Promise<void> {
  const { code, stderr } = await goOn(lab, "rollback");
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
}
