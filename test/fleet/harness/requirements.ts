import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { platform } from "node:os";
import { cgroupRoot } from "./cgroup.ts";
import { hasTree } from "./tree.ts";

/** Programs that a fleet and tests on it run, each with the Debian package that brings it. */
const PROGRAMS = {
  "systemd-nspawn": "systemd-container",
  ip: "iproute2",
  nft: "nftables",
  "iptables-nft": "iptables",
  python3: "python3-minimal",
  ssh: "openssh-client",
  "ssh-keygen": "openssh-client",
  unshare: "util-linux",
  nsenter: "util-linux",
  strace: "strace",
  cc: "gcc",
} as const;

let answer: { readonly missing: string | undefined } | undefined;

/**
 * Why no fleet can run here, and how to change that; undefined where one can. Looked up once per process.
 * With `REDISHA_FLEET_REQUIRED` in the environment it fails instead, so that nobody takes skipped tests for passed ones.
 */
export function whyNoFleet(): string | undefined {
  answer ??= { missing: lookForWhatIsMissing() };
  if (answer.missing && process.env.REDISHA_FLEET_REQUIRED) throw new Error(`no fleet: ${answer.missing}`);
  return answer.missing;
}

function lookForWhatIsMissing(): string | undefined {
  if (platform() !== "linux") return `hosts share the kernel of this machine, so it must be Linux, not ${platform()}`;
  if (process.getuid?.() !== 0) return "only root can boot hosts: run it again with sudo";
  const packages = Object.entries(PROGRAMS).flatMap(([program, name]) => (has(program) ? [] : [name]));
  if (packages.length > 0) return `programs are missing: apt-get install ${[...new Set(packages)].join(" ")}`;
  if (!readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n") && !succeeds("modprobe", "overlay")) {
    return "the kernel has no overlay file system: modprobe overlay";
  }
  if (cgroupRoot() === undefined) return "no cgroup2 is mounted: mount -t cgroup2 none /sys/fs/cgroup";
  if (!succeeds("unshare", "--mount", "--net", "true")) {
    return "no network namespaces can be made: in a container, it must be a privileged one";
  }
  if (!succeeds("nft", "--check", "add table bridge redisha_try"))
    return "the kernel filters no bridges: modprobe nf_tables_bridge";
  if (!hasTree("bookworm") && !(has("debootstrap") && has("apt-get"))) {
    return "no tree of Debian is in the cache, and nothing here can make one: apt-get install debootstrap";
  }
  return undefined;
}

function has(program: string): boolean {
  return `${process.env.PATH ?? ""}:/usr/sbin:/sbin`.split(":").some((folder) => existsSync(`${folder}/${program}`));
}

function succeeds(program: string, ...args: string[]): boolean {
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
  return spawnSync(program, args, { stdio: "ignore", env }).status === 0;
}
