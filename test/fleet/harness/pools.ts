import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DEBIAN_KEYRING, debianSource } from "../../../src/lab/engine-fetch.ts";
import { fleetRoot } from "./paths.ts";
import { attempt, run } from "./run.ts";
import { ensureTree, type Suite } from "./tree.ts";

const REDIS = ["redis-server", "redis-sentinel", "redis-tools", "redis"];
const VALKEY = ["valkey-server", "valkey-sentinel", "valkey-tools"];

interface Pool {
  /** Hosts of this suite can take packages from it: it holds what their tree lacks for them. */
  readonly suite: Suite;
  /** Suites of Debian that it is filled from. */
  readonly from: readonly string[];
  /** Packages of one version each, which go together; every version that `from` has, if it begins with `versions`. */
  readonly sets: readonly { readonly packages: readonly string[]; readonly versions: string }[];
}

/** Flat repositories of packages, which hosts see at /opt/pools: they have no way out to fetch any others. */
const POOLS = {
  bookworm: {
    suite: "bookworm",
    from: ["bookworm", "bookworm-security"],
    sets: [{ packages: REDIS, versions: "5:7.0" }],
  },
  "bookworm-backports": {
    suite: "bookworm",
    from: ["bookworm", "bookworm-backports"],
    sets: [{ packages: VALKEY, versions: "8." }],
  },
  "bookworm-from-bullseye": {
    suite: "bookworm",
    from: ["bookworm", "bullseye", "bullseye-security"],
    sets: [{ packages: REDIS, versions: "5:6.0" }],
  },
  // Brings trixie's libc6 and openssh-server with it.
  "bookworm-from-trixie": {
    suite: "bookworm",
    from: ["bookworm", "trixie"],
    sets: [{ packages: REDIS, versions: "5:8." }],
  },
  "bookworm-from-trixie-valkey": {
    suite: "bookworm",
    from: ["bookworm", "trixie"],
    sets: [{ packages: VALKEY, versions: "8.1" }],
  },
  "bookworm-extras": {
    suite: "bookworm",
    from: ["bookworm"],
    sets: [
      { packages: ["prometheus-redis-exporter"], versions: "" },
      { packages: ["ufw"], versions: "" },
      { packages: ["systemd-timesyncd"], versions: "" },
    ],
  },
  bullseye: {
    suite: "bullseye",
    from: ["bullseye", "bullseye-security"],
    sets: [{ packages: REDIS, versions: "5:6.0" }],
  },
  trixie: {
    suite: "trixie",
    from: ["trixie", "trixie-security"],
    sets: [
      { packages: REDIS, versions: "5:8." },
      { packages: VALKEY, versions: "8." },
    ],
  },
  // Brings forky's libc6 with it.
  "trixie-from-forky": {
    suite: "trixie",
    from: ["trixie", "forky"],
    sets: [{ packages: VALKEY, versions: "9." }],
  },
} as const satisfies Record<string, Pool>;

export type PoolName = keyof typeof POOLS;
export const POOL_NAMES = Object.keys(POOLS) as PoolName[];

/** Where a host sees all pools. */
export const POOLS_IN_HOST = "/opt/pools";

/** The folder of all pools on this machine. */
export function poolsFolder(): string {
  return join(fleetRoot(), "pools");
}

const filling = new Map<PoolName, Promise<void>>();

/**
 * Fills a pool with apt from this machine's own Debian mirror, unless it is in the cache: 5 to 10 seconds, 5 to 40 MB. apt
 * checks signatures and checksums; the rename at the end makes it there or not.
 */
export function ensurePool(name: PoolName, report: (line: string) => void = () => {}): Promise<void> {
  // Several hosts may ask for it at once.
  const running = filling.get(name) ?? fill(name, report).finally(() => filling.delete(name));
  filling.set(name, running);
  return running;
}

async function fill(name: PoolName, report: (line: string) => void): Promise<void> {
  const target = join(poolsFolder(), name);
  if (existsSync(target)) return;
  const pool: Pool = POOLS[name];
  const tree = await ensureTree(pool.suite, report);
  report(`filling the pool ${name} in ${target}`);
  const folder = join(fleetRoot(), "filling", `${name}.${randomBytes(4).toString("hex")}`);
  try {
    await download(pool, tree, folder);
    await writeIndex(join(folder, "packages"), name);
    await mkdir(poolsFolder(), { recursive: true });
    await rename(join(folder, "packages"), target).catch((error: unknown) => {
      // Another process was faster.
      if (!existsSync(target)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Leaves in `packages` every version that can be had whole; fails where a set has none. */
async function download(pool: Pool, tree: string, folder: string): Promise<void> {
  const apt = await aptFor(pool, tree, folder);
  await mkdir(join(folder, "packages"));
  await run("apt-get", [...apt, "-qq", "update"]);
  for (const { packages, versions } of pool.sets) {
    const failures: string[] = [];
    const found = await versionsOf(apt, packages[0] ?? "", versions);
    for (const version of found) {
      const wanted = packages.map((name) => `${name}=${version}`);
      const fetching = await attempt("apt-get", [...apt, ...FETCH, ...wanted]);
      // A mirror may list what it has no more: that version is left out, with what came of it.
      if (fetching.code !== 0) failures.push(fetching.stderr);
      await takeArchives(folder, fetching.code === 0);
    }
    if (failures.length < found.length) continue;
    throw new Error(`${pool.from.join(", ")} have no ${packages[0]} ${versions}*\n${failures.join("\n")}`);
  }
}

const FETCH = ["-qq", "-y", "--no-install-recommends", "--download-only", "--reinstall", "install"];

/** Empties apt's cache into `packages`, or away. */
async function takeArchives(folder: string, whole: boolean): Promise<void> {
  const archives = join(folder, "cache", "archives");
  for (const file of await readdir(archives)) {
    if (!file.endsWith(".deb")) continue;
    if (whole) await rename(join(archives, file), join(folder, "packages", file));
    else await rm(join(archives, file));
  }
}

/** Options that give apt a state of its own, in which the tree's packages count as installed. */
async function aptFor(pool: Pool, tree: string, folder: string): Promise<string[]> {
  for (const sub of ["etc/preferences.d", "lists/partial", "cache/archives/partial"]) {
    await mkdir(join(folder, sub), { recursive: true });
  }
  const source = await debianSource();
  const lines = pool.from.map((suite) => {
    const mirror = suite.endsWith("-security") ? source.replace(/\/debian\/?$/, "/debian-security/") : source;
    return `deb [signed-by=${DEBIAN_KEYRING}] ${mirror} ${suite} main\n`;
  });
  await writeFile(join(folder, "sources.list"), lines.join(""));
  return Object.entries({
    "Dir::Etc": join(folder, "etc"),
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": "-",
    "Dir::State": folder,
    "Dir::State::Lists": join(folder, "lists"),
    "Dir::State::status": join(tree, "var/lib/dpkg/status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Sandbox::User": "",
    "Debug::NoLocking": "1",
    "Acquire::Check-Valid-Until": "false",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
  }).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
}

async function versionsOf(apt: readonly string[], name: string, prefix: string): Promise<string[]> {
  const listed = await run("apt-cache", [...apt, "madison", name]);
  const versions = listed.split("\n").map((line) => line.split("|")[1]?.trim() ?? "");
  return [...new Set(versions.filter((version) => version.startsWith(prefix)))];
}

/** Writes Packages and Release as apt wants them of a repository that is one folder. */
async function writeIndex(folder: string, name: string): Promise<void> {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".deb")).sort();
  const stanzas = await Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(join(folder, file));
      const control = await run("dpkg-deb", ["--field", join(folder, file)]);
      return `${control}\nFilename: ./${file}\nSize: ${bytes.length}\nSHA256: ${sha256(bytes)}\n`;
    }),
  );
  const packages = Buffer.from(stanzas.join("\n"));
  const release = [`Origin: redisha-fleet`, `Label: ${name}`, `Suite: ${name}`, `Codename: ${name}`];
  release.push(`Date: ${new Date().toUTCString().replace("GMT", "+0000")}`, "SHA256:");
  for (const [file, bytes] of [["Packages", packages] as const, ["Packages.gz", gzipSync(packages)] as const]) {
    await writeFile(join(folder, file), bytes);
    release.push(` ${sha256(bytes)} ${bytes.length} ${file}`);
  }
  await writeFile(join(folder, "Release"), `${release.join("\n")}\n`);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
