import { readFile, writeFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { switchOver } from "../../support/switchovers.ts";

async function withoutSsh(lab: TestLab): Promise<void> {
  const inventory = parse(await readFile(lab.file, "utf8")) as { deployments: Record<string, { ssh: unknown }> };
  for (const deployment of Object.values(inventory.deployments)) deployment.ssh = "none";
  await writeFile(lab.file, stringify(inventory));
}

describe("a switchover on hosts without SSH", () => {
  it.each([
    ["cluster", "--from"],
    ["replication", "--from"],
  ] as const)("works in a %s, whose servers change places by themselves", async (topology, flag) => {
    await using lab = await bringUpLab({ topology });
    await withoutSsh(lab);
    const { code, stderr } = await switchOver(lab, flag, "r1");
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("is refused with Sentinel, where a host would have to let writes in again", async () => {
    await using lab = await bringUpLab({ topology: "sentinel" });
    await withoutSsh(lab);
    const { code, stdout } = await switchOver(lab);
    expect({ code, error: JSON.parse(stdout).error.code }).toEqual({ code: 2, error: "DEADMAN_NO_SHELL" });
    expect(await lab.cli("r1:6379", "ROLE")).toMatch(/^master/);
    expect(await lab.cli("r1:6379", "CONFIG", "GET", "min-replicas-to-write")).toMatch(/\n0$/);
  });
});
