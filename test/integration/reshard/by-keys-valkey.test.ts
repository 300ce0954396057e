import { afterAll, beforeAll, expect, it } from "vitest";
import { fillCluster } from "../../support/cluster-load.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { complaints, moved, slotsOf, startReshard, unnoticed } from "../../support/reshards.ts";
import { goOn, said, signal } from "../../support/signalled.ts";

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ topology: "cluster", ssh: false, downAfterMs: 5_000, engine: "valkey-8.1" });
  await fillCluster(lab, "valkey-8.1");
});
afterAll(() => lab.down());

it("A Valkey that cannot move slots by itself is told over many connections: one move is killed, gone on with and taken back, and no client notices", () =>
  unnoticed(lab, async () => {
    const child = startReshard(lab, "--to", "r3", "--slots", "1000", "--max-latency", "1ms");
    await said(child, moved(100));
    const connections = await lab.cli("r3:6379", "CLIENT", "LIST");
    expect(connections.match(/name=redisha/g)?.length).toBeGreaterThanOrEqual(16);
    await signal(child, "SIGKILL");
    expect((await goOn(lab, "resume")).code).toBe(0);
    expect(await slotsOf(lab, "r3:6379")).toBe(5_461 + 1_000);
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
    expect((await goOn(lab, "rollback")).code).toBe(0);
    expect(await slotsOf(lab, "r3:6379")).toBe(5_461);
    await expect.poll(() => complaints(lab), { timeout: 30_000 }).toEqual([]);
  }));
