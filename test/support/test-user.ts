import { execFileSync } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";

/** An ordinary user of this machine, for tests of what a login without root may do. Needs root. */
export interface TestUser {
  readonly name: string;
  /** Lets it, or forbids it to, run everything by sudo without a password. */
  allowSudo(allowed: boolean): void;
  remove(): void;
}

/** Why there can be no such user here; undefined where there can. */
export function whyNoTestUser(): string | undefined {
  if (process.getuid?.() !== 0) return "only root can add a user";
  try {
    execFileSync("sudo", ["-V"], { stdio: "ignore" });
    return undefined;
  } catch {
    return "sudo is not installed";
  }
}

/** Adds a user with /bin/sh and no password. The caller removes it. */
export function addTestUser(name: string): TestUser {
  const sudoers = `/etc/sudoers.d/${name}`;
  const remove = () => {
    rmSync(sudoers, { force: true });
    try {
      execFileSync("userdel", ["-f", "-r", name], { stdio: "ignore" });
    } catch {
      // There was none.
    }
  };
  remove();
  // sshd without PAM takes `!` for a locked account.
  execFileSync("useradd", ["-m", "-s", "/bin/sh", "-p", "*", name], { stdio: "ignore" });
  return {
    name,
    allowSudo: (allowed) => {
      if (allowed) writeFileSync(sudoers, `${name} ALL=(root) NOPASSWD: ALL\n`, { mode: 0o440 });
      else rmSync(sudoers, { force: true });
    },
    remove,
  };
}
