import type { HostConnection, HostTarget } from "./types.ts";

export interface ConnectHostOptions {
  /** Aborting gives the attempt up. */
  readonly signal?: AbortSignal;
  /** Told what is tried, for `--debug`: never a secret. */
  readonly log?: (line: string) => void;
}

/**
 * Connects to a host by the adapter that its settings name, which is loaded only now. Fails with a RedishaError whose
 * code says what is wrong (SSH_HOST_KEY_UNKNOWN, SSH_AUTH_FAILED, SSH_TIMEOUT, …) and whose exit code is 6.
 */
export async function connectHost(target: HostTarget, options: ConnectHostOptions = {}): Promise<HostConnection> {
  if (target.ssh === "local") {
    const { connectLocal } = await import("./local/connect.ts");
    return await connectLocal(target);
  }
  if (target.ssh.adapter === "openssh") {
    const { connectOpenssh } = await import("./openssh/connect.ts");
    return await connectOpenssh(target, target.ssh, options);
  }
  const { connectSsh2 } = await import("./ssh2/connect.ts");
  return await connectSsh2(target, target.ssh, options);
}
