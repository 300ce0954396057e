/** The redis-py of a newer Debian than this machine's may be: that of Debian 12 cannot look at a Cluster a second time. */
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { aptOf } from "../../src/lab/engine-fetch.ts";
import { ENGINE_ROOT } from "./engines.ts";

/** For PYTHONPATH, where it was fetched. */
export const PYTHON_REDIS = join(ENGINE_ROOT, "python3-redis", "usr/lib/python3/dist-packages");

/** Unpacks it beside the engines, unless it is there already; 250 kB. */
export async function fetchPythonRedis(): Promise<void> {
  if (existsSync(PYTHON_REDIS)) return;
  const target = join(ENGINE_ROOT, "python3-redis");
  const folder = `${target}.${randomBytes(4).toString("hex")}`;
  const [apt, unpacked] = [join(folder, "apt"), join(folder, "unpacked")];
  await mkdir(join(apt, "packages"), { recursive: true });
  try {
    const get = await aptOf("trixie", apt);
    await get(["download", "python3-redis"], join(apt, "packages"));
    for (const file of await readdir(join(apt, "packages"))) {
      await promisify(execFile)("dpkg", ["-x", join(apt, "packages", file), unpacked]);
    }
    await rename(unpacked, target);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
