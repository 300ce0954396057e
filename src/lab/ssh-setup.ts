import { mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { needProgram, runProgram } from "./programs.ts";
import type { LabProcess, LabSpec } from "./spec.ts";

/** Paths below the lab's folder. */
export const SSH = {
  identity: join("ssh", "id_ed25519"),
  knownHosts: join("ssh", "known_hosts"),
  config: join("ssh", "config"),
} as const;

/**
 * Writes what SSH needs on both sides: a key of the client, a host key and a configuration for every host's sshd,
 * known_hosts with all of them, and a config so that `ssh -F` reaches a host by its name.
 */
export async function prepareSsh(spec: LabSpec): Promise<void> {
  const servers = spec.processes.filter((process) => process.service === "sshd");
  if (servers.length === 0) return;
  const without = "redisha lab up --no-ssh (hosts without SSH)";
  needProgram("sshd", "the hosts of a lab", "openssh-server", without);
  const keygen = needProgram("ssh-keygen", "the keys of a lab", "openssh-client", without);
  const user = userInfo();
  if (user.shell && /\/(nologin|false)$/.test(user.shell)) {
    throw new RedishaError({
      code: "LAB_NO_SHELL",
      message: `${user.username} has no login shell (${user.shell}), so nobody can log in to the lab's hosts`,
      exit: EXIT.usage,
      state: "nothing was started",
      next: [without],
    });
  }
  await makePrivilegeSeparationFolder();
  await mkdir(join(spec.folder, "ssh"), { mode: 0o700 });

  const makeKey = async (path: string, comment: string): Promise<string> => {
    await runProgram([keygen, "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path], spec.folder);
    return (await readFile(`${path}.pub`, "utf8")).trim();
  };
  const authorized = await makeKey(join(spec.folder, SSH.identity), `redisha lab ${spec.name}`);
  await writeFile(join(spec.folder, "ssh", "authorized_keys"), `${authorized}\n`, { mode: 0o600 });
  const usePam = await needsPam();
  const known = await Promise.all(
    servers.map(async (server) => {
      const key = await makeKey(join(server.folder, "ssh_host_ed25519_key"), server.host);
      await writeFile(join(server.folder, "sshd_config"), sshdConfig(spec, server, usePam), { mode: 0o600 });
      return `[${server.address}]:${server.port} ${key.split(" ").slice(0, 2).join(" ")}\n`;
    }),
  );
  await writeFile(join(spec.folder, SSH.knownHosts), known.join(""), { mode: 0o600 });
  await writeFile(join(spec.folder, SSH.config), clientConfig(spec, servers, user.username), { mode: 0o600 });
}

function sshdConfig(spec: LabSpec, server: LabProcess, usePam: boolean): string {
  return `# The sshd of ${server.host} in the redisha lab "${spec.name}".
ListenAddress ${server.address}
Port ${server.port}
HostKey "${join(server.folder, "ssh_host_ed25519_key")}"
AuthorizedKeysFile "${join(spec.folder, "ssh", "authorized_keys")}"
PidFile "${join(server.folder, "sshd.pid")}"
# The folders above belong to whoever made the lab, on whatever file system that is.
StrictModes no
AuthenticationMethods publickey
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UsePAM ${usePam ? "yes" : "no"}
UseDNS no
PrintMotd no
LogLevel VERBOSE
MaxStartups 100:30:200
Subsystem sftp internal-sftp
# What is left running by a session on this host ends with the lab. With SHLVL bash takes a session for a shell inside a
# shell, and leaves out the .bashrc of whoever made the lab: a server has none of its slow set-up, nor of its words.
SetEnv "REDISHA_LAB=${spec.folder}" "SHLVL=1"
`;
}

function clientConfig(spec: LabSpec, servers: readonly LabProcess[], user: string): string {
  const hosts = servers.map((server) => `Host ${server.host}\n  HostName ${server.address}\n  Port ${server.port}\n`);
  return `# ssh -F '${join(spec.folder, SSH.config)}' ${servers[0]?.host ?? "r1"}
${hosts.join("")}Host *
  User ${user}
  IdentityFile "${join(spec.folder, SSH.identity)}"
  IdentitiesOnly yes
  UserKnownHostsFile "${join(spec.folder, SSH.knownHosts)}"
  StrictHostKeyChecking yes
`;
}

/** sshd run by root refuses to start without this folder, which a machine where ssh.service never ran does not have. */
async function makePrivilegeSeparationFolder(): Promise<void> {
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
}

/** Without PAM, sshd refuses an account whose password is locked (`!`), as root's is on many cloud images. */
async function needsPam(): Promise<boolean> {
  const shadow = await readFile("/etc/shadow", "utf8").catch(() => "");
  return shadow.split("\n").some((line) => line.startsWith(`${userInfo().username}:!`));
}
