import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { CLOUD } from "../../../src/render/kinds/cloud/catalog.ts";
import { GIVEN, renderScripts, TOPOLOGIES } from "../../support/cloud-scripts.ts";
import { declared } from "../../support/declared.ts";
import { notTried } from "../../support/not-tried.ts";

const run = promisify(execFile);

notTried(
  "scripts for clouds by the programs that they call; only as a shell reads them",
  "those are large; test/soak/render-cloud.test.ts, where aws and gcloud are",
);

describe("scripts for clouds", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-cloud-"));
    await renderScripts(folder);
  });
  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it("are what shellcheck lets pass, for every topology", async () => {
    const { stdout } = await run("bash", ["-c", 'shellcheck "$1"/*/*.sh && ls "$1"/*/*.sh | wc -l', "-", folder]);
    expect(stdout.trim()).toBe(String(4 * 2 * TOPOLOGIES.length));
  });

  it("choose the smallest size that holds the data, and say so where none does", async () => {
    const shape = await declared({ topology: "sentinel", auth: "password", tls: true });
    const script = async (maxmemory: string) => {
      const { files } = await kindOf("elasticache").render(
        { ...shape, config: { maxmemory } },
        GIVEN.elasticache ?? {},
      );
      return files[0]?.text;
    };
    expect(await script("9gb")).toContain("--cache-node-type cache.r7g.large");
    expect(await script("10gb")).toContain("--cache-node-type cache.r7g.xlarge");
    await expect(script("900gb")).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
  });
});

function kindOf(name: string) {
  const kind = CLOUD.find((each) => each.name === name);
  if (!kind) throw new Error(`no kind ${name}`);
  return kind;
}
