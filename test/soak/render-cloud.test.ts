import { execFile, execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderScripts, TOPOLOGIES } from "../support/cloud-scripts.ts";

const run = promisify(execFile);

/** Asks the real program for the shape of the answer: it reads all of its arguments, and sends nothing to anybody. */
const SKELETON = `#!/bin/sh
case "$*" in
  *" wait "*) exit 0 ;;
  *ends_with*) echo abcde-shop; exit 0 ;;
  *describe-*--query*) ;;
  *describe-replication-groups* | *describe-cache-parameter-groups*) exit 1 ;;
esac
AWS "$@" --generate-cli-skeleton output >>"$LOG" 2>&1 || { cat "$LOG" >&2; exit 1; }
`;

describe("scripts for clouds, read by the programs that they call", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "redisha-cloud-"));
    await renderScripts(folder);
  });
  afterAll(async () => {
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  it.skipIf(!has("aws"))(
    "give ElastiCache's program arguments that it takes, with the password from a file",
    async () => {
      const bin = join(folder, "bin");
      await mkdir(bin);
      const aws = execFileSync("sh", ["-c", "command -v aws"], { encoding: "utf8" }).trim();
      await writeFile(join(bin, "aws"), SKELETON.replace("AWS", aws));
      await chmod(join(bin, "aws"), 0o755);
      const token = join(folder, "token");
      await writeFile(token, "a-token-of-more-than-16");
      const log = join(folder, "log");
      const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TOKEN_FILE: token, LOG: log };
      for (const topology of TOPOLOGIES) await run("sh", [join(folder, topology, "elasticache.sh")], { env });
      expect(execFileSync("cat", [log], { encoding: "utf8" })).toContain("ReplicationGroup");
      await run("sh", [join(folder, "sentinel", "elasticache-global.sh")], { env: { ...env, QUIET: "1" } });
    },
  );

  it.skipIf(!has("gcloud"))("give Memorystore's program arguments that it takes", async () => {
    // With no account it stops where it would ask Google, which is behind the reading of its arguments.
    const env = { ...process.env, CLOUDSDK_CONFIG: join(folder, "gcloud") };
    for (const topology of TOPOLOGIES) {
      const failed = await run("sh", [join(folder, topology, "memorystore.sh")], { env }).catch((error) => error);
      expect(failed.stderr, topology).toMatch(/active account/);
      expect(failed.stderr, topology).not.toMatch(/unrecognized|Invalid|must be specified|expected one/);
    }
  });
});

/** What is not there is not tried, which the report of tests shows as skipped. */
function has(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
