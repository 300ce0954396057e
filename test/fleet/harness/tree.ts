import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { DEBIAN_KEYRING, debianSource } from "../../../src/lab/engine-fetch.ts";
import { fleetRoot } from "./paths.ts";
import { run } from "./run.ts";

/** Debian releases that hosts can be of. */
export const SUITES = ["bookworm", "trixie", "bullseye"] as const;
export type Suite = (typeof SUITES)[number];

/** What a small server has: an init, a way in, firewalls of both kinds, cron, and what an administrator types. */
const PACKAGES = [
  ...["systemd", "systemd-sysv", "dbus", "libpam-systemd", "openssh-server", "sudo", "ca-certificates"],
  ...["ufw", "iptables", "nftables", "iproute2", "iputils-ping", "netcat-openbsd", "kmod", "procps", "less", "cron"],
];

/** The pristine tree that all hosts of a suite share, read-only. Another list of packages makes another tree. */
export function treeFolder(suite: Suite): string {
  const recipe = createHash("sha256").update(PACKAGES.join(" ")).digest("hex").slice(0, 8);
  return join(fleetRoot(), "trees", `${suite}-${recipe}`);
}

/** True where the tree is in the cache. */
export function hasTree(suite: Suite): boolean {
  return existsSync(treeFolder(suite));
}

/**
 * Makes the tree of a suite with debootstrap from this machine's own Debian mirror, unless it is there: 50 seconds, 330 MB.
 * The last step is a rename, so a tree is there or not.
 */
export async function ensureTree(suite: Suite, report: (line: string) => void = () => {}): Promise<string> {
  const target = treeFolder(suite);
  if (hasTree(suite)) return target;
  const folder = `${target}.${randomBytes(4).toString("hex")}`;
  report(`making a tree of Debian ${suite} in ${target}: about a minute, once`);
  await mkdir(folder, { recursive: true });
  try {
    await run("debootstrap", [
      "--variant=minbase",
      `--keyring=${DEBIAN_KEYRING}`,
      `--include=${PACKAGES.join(",")}`,
      suite,
      folder,
      await debianSource(),
    ]);
    // A host gets keys of its own; packages that are installed already need no archive.
    await run("sh", ["-c", 'rm -f "$1"/etc/ssh/ssh_host_* "$1"/var/cache/apt/archives/*.deb', "-", folder]);
    await rename(folder, target).catch((error: unknown) => {
      // Another process was faster.
      if (!hasTree(suite)) throw error;
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return target;
}
