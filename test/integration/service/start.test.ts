import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runOn } from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { topologyOf } from "../../support/switchovers.ts";

const TARGETS = "targets: { role: data, where: 'host.id == \"r4:6379\"' }";

describe("a node of a Cluster that is started again", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "cluster", engine: "valkey-8.1" });
  }, 600_000);
  afterAll(() => lab?.down());

  /** Stops r4, has its list of nodes changed, and starts it. */
  async function startedWith(change: (nodes: string) => string) {
    const [, dir = ""] = (await lab.cli("r4:6379", "CONFIG", "GET", "dir")).split("\n");
    const stop = await runOn(lab, `\nsteps:\n  - { id: stop, action: service.stop, ${TARGETS}, undo: none }\n`);
    const service = JSON.stringify(stop.outputs.stop?.service);
    const nodes = `${dir}/nodes.conf`;
    await writeFile(nodes, change(await readFile(nodes, "utf8")));
    const start = `{ id: start, action: service.start, ${TARGETS}, with: { service: ${service} }, undo: none }`;
    return { ...(await runOn(lab, `\nsteps:\n  - ${start}\n`)), nodes: await readFile(nodes, "utf8") };
  }

  it("starts with a list of nodes that it wrote down while the others had not told yet who belongs together", async () => {
    const another = "f".repeat(40);
    const { summary, events, nodes } = await startedWith((text) =>
      text.replace(/^(.* )(\S+,shard-id=)[0-9a-f]{40}( slave .*)$/m, `$1$2${another}$3`),
    );
    expect(summary.error).toBeNull();
    expect(nodes).not.toContain(another);
    expect(events.flatMap((event) => (event.type === "warning" ? [event.message] : [])).join("\n")).toMatch(
      /r4:6379: \S+nodes.conf named a replica under another shard-id/,
    );
    expect((await topologyOf(lab)).nodes.find(({ id }) => id === "r4:6379")?.up).toBe(true);
  });

  it("says why it ended where it crashes, however much it says behind that", async () => {
    const { summary } = await startedWith((text) => text.replace(/ slave /, " nobody "));
    expect(summary.error).toMatchObject({ code: "SERVICE_DIED" });
    expect(summary.error?.message).toMatch(/at once: Guru Meditation: Unknown flag in \S+ cluster config file #\S+$/);
  });
});
