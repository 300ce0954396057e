import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { CLIENTS } from "../../../src/render/kinds/clients/catalog.ts";
import { declared, SHAPES } from "../../support/declared.ts";
import { notTried } from "../../support/not-tried.ts";
import { PYTHON_REDIS } from "../../support/python-redis.ts";
import { fileOf, type Programs, throughFailover } from "../../support/rendered-clients.ts";

/** The interpreter that Debian's python3-redis is for. */
const PYTHON = "/usr/bin/python3";
const drive = packagePath("test", "fixtures", "clients", "drive.mjs");
const drivePython = packagePath("test", "fixtures", "clients", "drive.py");

/** What has a program ask with a rendered client; those that this machine lacks a library for are left out, which is said. */
function programsFor(topology: string): Programs {
  return {
    ioredis: (folder) => [process.execPath, drive, join(folder, fileOf("ioredis"))],
    "node-redis": (folder) => [process.execPath, drive, join(folder, fileOf("node-redis"))],
    ...(topology === "sentinel" && versionOfRedisPy() > 0
      ? { "redis-py": (folder) => [PYTHON, drivePython, folder] }
      : {}),
    // Up to 4.3 it cannot look at a Cluster a second time when one of the nodes that it knew is gone.
    ...(topology === "cluster" && versionOfRedisPy(PYTHON_REDIS) >= 5
      ? { "redis-py": (folder) => ["/usr/bin/env", `PYTHONPATH=${PYTHON_REDIS}`, PYTHON, drivePython, folder] }
      : {}),
  };
}

/** The major version of the library, of a folder or of this machine; 0 where there is none. */
function versionOfRedisPy(folder = ""): number {
  try {
    const print = "import redis; print(redis.__version__)";
    const env = { ...process.env, PYTHONPATH: folder };
    return Number.parseInt(execFileSync(PYTHON, ["-c", print], { encoding: "utf8", stdio: "pipe", env }), 10);
  } catch {
    return 0;
  }
}

if (versionOfRedisPy() === 0) notTried("redis-py with Sentinel", "it is not there: apt-get install python3-redis");
if (versionOfRedisPy(PYTHON_REDIS) < 5) notTried("redis-py in a Cluster", "it takes 5 or later: npm run engines");
notTried(
  "go-redis, Jedis and Lettuce through a failover",
  "neither npm nor Debian brings them; test/soak/render-clients.test.ts, with REDISHA_GO_MODULE and REDISHA_CLASSPATH",
);

describe.each(["sentinel", "cluster"] as const)("rendered clients of a %s deployment", (topology) => {
  it("go on with the new primary after a failover, all of them, without a call that fails", async () => {
    await throughFailover(topology, programsFor(topology));
  });
});

it("are programs that their languages take, for every topology, login and TLS, and hold no password", async () => {
  const folder = await mkdtemp(join(tmpdir(), "redisha-clients-"));
  try {
    for (const [at, shape] of SHAPES.entries()) {
      const deployment = await declared(shape);
      for (const kind of CLIENTS) {
        const { files } = await kind.render(deployment, {});
        for (const { path, text } of files) {
          expect(text).not.toMatch(/<%|"undefined|\[object/);
          await writeFile(join(folder, path.replace(".", `-${at}.`)), text);
        }
      }
    }
    const check = 'cd "$1" && for each in *.mjs; do "$2" --check "$each" || exit 1; done && "$3" -m py_compile *.py';
    await promisify(execFile)("sh", ["-c", check, "-", folder, process.execPath, PYTHON]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
