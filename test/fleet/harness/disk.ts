import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { harnessPath } from "./paths.ts";
import { POOLS_IN_HOST, type PoolName } from "./pools.ts";
import { attempt, run } from "./run.ts";
import { waitFor } from "./wait.ts";

/** Services that do nothing good here: downloads that cannot succeed, and a login on a console that nobody sits at. */
const MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service"];

export interface DiskOptions {
  readonly name: string;
  /** Of the host: what it writes goes to `upper` there, and survives everything but the end of the fleet. */
  readonly folder: string;
  readonly tree: string;
  readonly pools: readonly PoolName[];
  /** Public key that may log in as `ops` and as root. */
  readonly publicKey: string;
}

/** Lays a writable disk over the shared tree, unless it lies there already, and returns its root. */
export async function mountDisk(folder: string, tree: string): Promise<string> {
  const root = join(folder, "root");
  if (isMounted(root)) return root;
  for (const sub of ["upper", "work", "root"]) mkdirSync(join(folder, sub), { recursive: true });
  const layers = `lowerdir=${tree},upperdir=${join(folder, "upper")},workdir=${join(folder, "work")}`;
  await run("mount", ["-t", "overlay", "-o", layers, "redisha-fleet", root]);
  return root;
}

/** Takes a host's disk away, with all that is on it. */
export async function removeDisk(folder: string): Promise<void> {
  const root = join(folder, "root");
  // A process that has just been killed may hold it for a moment.
  await waitFor(`${root} to be free`, 5_000, async () => {
    if (isMounted(root)) await attempt("umount", [root]);
    return !isMounted(root);
  }).catch(() => run("umount", ["--lazy", root]));
  // Never across the border of a file system, whatever is still mounted below.
  await run("rm", ["-rf", "--one-file-system", folder]);
}

/** Makes a fresh disk: what tells this host from the others. Returns its public host keys. */
export async function makeDisk({ name, folder, tree, pools, publicKey }: DiskOptions): Promise<string[]> {
  const root = await mountDisk(folder, tree);
  const at = (path: string): string => join(root, path);
  await run("ssh-keygen", ["-A", "-f", root]);
  writeFileSync(at("etc/hostname"), `${name}\n`);
  writeFileSync(at("etc/hosts"), `127.0.0.1 localhost\n127.0.1.1 ${name}\n`);
  for (const file of ["etc/resolv.conf", "etc/default/locale"]) {
    rmSync(at(file), { force: true });
    writeFileSync(at(file), "");
  }
  writeFileSync(at("etc/machine-id"), `${randomBytes(16).toString("hex")}\n`);
  rmSync(at("var/lib/dbus/machine-id"), { force: true });
  symlinkSync("/etc/machine-id", at("var/lib/dbus/machine-id"));

  await run("useradd", ["--root", root, "--create-home", "--shell", "/bin/bash", "ops"]);
  writeFileSync(at("etc/sudoers.d/ops"), "ops ALL=(ALL) NOPASSWD: ALL\n", { mode: 0o440 });
  for (const home of ["root", "home/ops"]) {
    mkdirSync(at(`${home}/.ssh`), { recursive: true, mode: 0o700 });
    writeFileSync(at(`${home}/.ssh/authorized_keys`), publicKey, { mode: 0o600 });
  }
  await run("chroot", [root, "chown", "-R", "ops:ops", "/home/ops"]);

  rmSync(at("etc/apt/sources.list.d"), { recursive: true, force: true });
  mkdirSync(at("etc/apt/sources.list.d"));
  // Trusted because apt checked everything when it filled the pool.
  const sources = pools.map((pool) => `deb [trusted=yes] file:${POOLS_IN_HOST}/${pool} ./\n`);
  writeFileSync(at("etc/apt/sources.list"), sources.join(""));
  writeFileSync(at("etc/apt/apt.conf.d/90fleet"), 'APT::Sandbox::User "root";\nAcquire::Languages "none";\n');

  const units = at("etc/systemd/system");
  for (const unit of MASKED) symlinkSync("/dev/null", join(units, unit));
  mkdirSync(join(units, "sysinit.target.wants"), { recursive: true });
  for (const unit of ["fleet-kernel.service", "fleet-huge-pages.path", "fleet-huge-pages.service"]) {
    cpSync(harnessPath("image", unit), join(units, unit));
    if (unit !== "fleet-huge-pages.service") symlinkSync(`../${unit}`, join(units, "sysinit.target.wants", unit));
  }
  await run("install", ["-m", "755", harnessPath("image", "fleet-kernel"), at("usr/local/sbin/fleet-kernel")]);

  return ["ed25519", "ecdsa", "rsa"].map((type) => readFileSync(at(`etc/ssh/ssh_host_${type}_key.pub`), "utf8").trim());
}

function isMounted(folder: string): boolean {
  return (
    existsSync(folder) && readFileSync("/proc/self/mounts", "utf8").includes(` ${folder.replaceAll(" ", "\\040")} `)
  );
}
