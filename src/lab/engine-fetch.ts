import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { chmod, mkdir, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { findProgram } from "./programs.ts";

interface Fetchable {
  readonly name: string;
  /** Debian suite that carries the version, and the package with the server in it: the tools package, not the server's. */
  readonly suite: string;
  /** Another suite, where that one is no whole: what the package needs comes from there. */
  readonly beside?: string;
  readonly package: string;
}

/** The engines that Debian has side by side. The full version is whatever the suite carries today. */
export const FETCHABLE: readonly Fetchable[] = [
  { name: "redis-6.0", suite: "bullseye", package: "redis-tools" },
  { name: "redis-7.0", suite: "bookworm", package: "redis-tools" },
  { name: "redis-8.0", suite: "trixie", package: "redis-tools" },
  { name: "redis-8.6", suite: "experimental", beside: "sid", package: "redis-tools" },
  { name: "valkey-8.0", suite: "bookworm-backports", beside: "bookworm", package: "valkey-tools" },
  { name: "valkey-8.1", suite: "trixie", package: "valkey-tools" },
  { name: "valkey-9.1", suite: "forky", package: "valkey-tools" },
];

/** Packages of the closure that a server never loads; they only serve maintainer scripts, which are not run. */
const UNNEEDED =
  /^(adduser|base-passwd|passwd|login\.defs|lsb-base|debconf|perl.*|dpkg|tar|sysvinit-utils|init-system-helpers|openssl-provider-legacy|gcc-.*-base|libaudit.*|libpam.*|libsemanage.*|libsepol.*|libselinux1|libdb5.*|libdebconfclient0|libcap-ng0|libbz2.*|libacl1|libattr1|libmd0|libbsd0|libpcre2.*|libcrypt1)$/;

/**
 * Unpacks an engine into `root`/NAME, with `bin/` of wrappers that run it through its own loader and libraries, so that
 * nothing of the machine is touched. apt does the fetching, from the machine's own Debian mirror but with a state of
 * its own: it checks the archive's signature and every package's checksum, and needs no privileges.
 * About 10 MB fetched, 35 MB unpacked, two to five seconds. The last step is a rename: an engine is there or not.
 * Fails with ENGINE_NEEDS_APT or ENGINE_FETCH_FAILED.
 */
export async function fetchEngine(wanted: Fetchable, root: string, report: (line: string) => void): Promise<void> {
  const target = join(root, wanted.name);
  const folder = `${target}.${randomBytes(4).toString("hex")}`;
  report(`fetching ${wanted.name} from Debian ${wanted.suite} into ${target}`);
  await mkdir(folder, { recursive: true });
  try {
    await download(wanted, join(folder, "apt"));
    for (const file of await readdir(join(folder, "apt", "packages"))) {
      await run("dpkg", ["-x", join(folder, "apt", "packages", file), folder]);
    }
    await rm(join(folder, "apt"), { recursive: true });
    const version = await addWrappers(folder, target, wanted.package.replace("-tools", ""));
    await writeFile(join(folder, ".ok"), "");
    await putInPlace(folder, target);
    report(`${wanted.name} is ${version}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Renames the finished engine to its name, unless another process has brought it in the meantime. */
async function putInPlace(folder: string, target: string): Promise<void> {
  try {
    await rename(folder, target);
  } catch (error) {
    if (existsSync(join(target, ".ok"))) return;
    if (!existsSync(target)) throw error;
    // Something incomplete has the name: it makes room.
    await rename(target, `${folder}.incomplete`);
    await rm(`${folder}.incomplete`, { recursive: true, force: true });
    await rename(folder, target);
  }
}

/** Leaves the .deb files in `apt`/packages. */
async function download(wanted: Fetchable, apt: string): Promise<void> {
  const packages = join(apt, "packages");
  await mkdir(packages, { recursive: true });
  const get = await aptOf(wanted.suite, apt, wanted.beside);
  const plan = await get(["--no-install-recommends", "--print-uris", "install", wanted.package]);
  const needed = plan
    .split("\n")
    .map((line) => /^'\S+' ([^_\s]+)_/.exec(line)?.[1])
    .filter((name) => name !== undefined && !UNNEEDED.test(name));
  if (needed.length === 0) throw fetchFailed("apt-get", `no package ${wanted.package} in ${wanted.suite}`);
  await get(["download", ...needed.filter((name) => name !== undefined)], packages);
}

/**
 * apt-get with a state of its own in `folder`, which knows what a suite of Debian has, where it is preferred to the one `beside`
 * it, and of nothing that is installed. It takes arguments and the folder that downloads go into. Fails with ENGINE_NEEDS_APT or ENGINE_FETCH_FAILED.
 */
export async function aptOf(
  suite: string,
  folder: string,
  beside?: string,
): Promise<(args: readonly string[], cwd?: string) => Promise<string>> {
  const source = await debianSource();
  for (const sub of ["etc/preferences.d", "lists/partial", "cache/archives/partial"]) {
    await mkdir(join(folder, sub), { recursive: true });
  }
  await writeFile(join(folder, "status"), "");
  const suites = beside === undefined ? [suite] : [suite, beside];
  const sources = suites.map((each) => `deb [signed-by=${DEBIAN_KEYRING}] ${source} ${each} main\n`);
  await writeFile(join(folder, "sources.list"), sources.join(""));
  const settings = {
    "Dir::Etc": join(folder, "etc"),
    "Dir::Etc::SourceList": join(folder, "sources.list"),
    "Dir::Etc::SourceParts": "-",
    "Dir::State": folder,
    "Dir::State::Lists": join(folder, "lists"),
    // An empty status file: the closure is complete, whatever this machine has installed.
    "Dir::State::status": join(folder, "status"),
    "Dir::Cache": join(folder, "cache"),
    "APT::Default-Release": suite,
    "APT::Sandbox::User": "",
    // A mirror may be a snapshot, whose testing suite is past its week: signed is what counts, an older engine does no harm.
    "Acquire::Check-Valid-Until": "false",
    "Acquire::Languages": "none",
    "Acquire::Retries": "2",
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ["-o", `${key}=${value}`]);
  await run("apt-get", [...options, "-qq", "update"]);
  return (args, cwd) => run("apt-get", [...options, "-qq", ...args], cwd);
}

/** Debian's own keyring: the mirror is believed for nothing that is not signed with it. */
export const DEBIAN_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** The mirror that this machine takes Debian from. */
export async function debianSource(): Promise<string> {
  for (const program of ["apt-get", "dpkg"]) {
    if (findProgram(program)) continue;
    throw new RedishaError({
      code: "ENGINE_NEEDS_APT",
      message: `engines are fetched with apt from Debian; this machine has no ${program}`,
      exit: EXIT.usage,
      state: "nothing was started",
      next: ["install Redis or Valkey and leave out --engine", "redisha lab up --engine-dir DIR"],
    });
  }
  const listed = await run("apt-get", ["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)"]);
  // Label tells the archive itself from Debian-Security, Origin from what only looks like it.
  return (
    listed
      .split("\n")
      .find((line) => line.endsWith(" Debian Debian"))
      ?.split(" ")[0] ?? "http://deb.debian.org/debian/"
  );
}

/** Writes bin/ for the tree in `folder` that will stand in `target`, and returns what the server says of itself. */
async function addWrappers(folder: string, target: string, product: string): Promise<string> {
  const libraries: string[] = [];
  let loader: string | undefined;
  for (const parent of ["usr/lib", "lib"]) {
    const triplet = (await readdir(join(folder, parent)).catch(() => [])).find((name) => name.endsWith("-linux-gnu"));
    if (!triplet) continue;
    libraries.push(join(parent, triplet));
    const name = (await readdir(join(folder, parent, triplet))).find((file) => /^ld-linux.*\.so\.\d$/.test(file));
    if (name) loader = join(parent, triplet, name);
  }
  if (!loader) throw fetchFailed("dpkg", "the packages hold no loader");

  await mkdir(join(folder, "bin"));
  const programs = [
    `${product}-server`,
    `${product}-sentinel`,
    ...["cli", "check-rdb", "check-aof", "benchmark"].map((tool) => `${product}-${tool}`),
  ];
  for (const program of programs) {
    // One binary, told apart by its name; Debian ships these two links in other packages.
    if (/-(server|sentinel)$/.test(program))
      await symlink(`${product}-check-rdb`, join(folder, "usr/bin", program)).catch(() => undefined);
    const wrapper = join(folder, "bin", program);
    await writeFile(wrapper, wrapperOf(target, loader, libraries, program));
    await chmod(wrapper, 0o755);
  }
  const probe = libraries.map((library) => join(folder, library)).join(":");
  const said = await run(join(folder, loader), [
    "--library-path",
    probe,
    join(folder, "usr/bin", `${product}-server`),
    "--version",
  ]);
  return /v=(\S+)/.exec(said)?.[1] ?? said.trim();
}

function wrapperOf(root: string, loader: string, libraries: readonly string[], program: string): string {
  const path = libraries.map((library) => join(root, library)).join(":");
  // Debian's 6.0 takes Lua's cjson from a library of its own, found by this path.
  return `#!/bin/sh
export LUA_CPATH="${join(root, "usr/lib", libraries[0]?.split("/").at(-1) ?? "", "lua/5.1/?.so")}"
exec "${join(root, loader)}" --library-path "${path}" "${join(root, "usr/bin", program)}" "$@"
`;
}

async function run(program: string, args: readonly string[], cwd?: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(program, args, {
      ...(cwd ? { cwd } : {}),
      env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const words = error instanceof Error && "stderr" in error ? String(error.stderr) : messageOf(error);
    throw fetchFailed(program, words);
  }
}

function fetchFailed(program: string, words: string): RedishaError {
  const lines = words.split("\n").filter((line) => line.trim() !== "");
  // apt marks what went wrong; what stands between are hashes and dates.
  const marked = lines.filter((line) => line.startsWith("E: ")).map((line) => line.slice(3));
  const said = marked.length > 0 ? marked.slice(0, 2) : lines.slice(-2);
  return new RedishaError({
    code: "ENGINE_FETCH_FAILED",
    message: `${program.split("/").at(-1)} could not bring the engine: ${said.join("; ")}`,
    state: "nothing was started; the cache is as before",
    next: ["apt-get update (does the machine reach its Debian mirror?)", "redisha lab up --engine-dir DIR"],
  });
}
