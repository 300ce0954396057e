import type { z } from "zod";
import type { SshSettings } from "../connect/types.ts";
import type { Host } from "./model.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import type { sshSchema } from "./schema-access.ts";
import { secretReader } from "./secrets.ts";
import { milliseconds, present } from "./to-values.ts";

type DeclaredSsh = z.infer<typeof sshSchema> | undefined;

/**
 * How one host is reached. The host's own word wins: `none` and `local` replace the deployment's settings, a map is laid
 * over them key by key.
 */
export function sshOf(
  deployment: DeclaredSsh,
  host: DeclaredSsh,
  connectMs: number,
  around: Surroundings,
): Host["ssh"] {
  const own = host ?? deployment ?? {};
  if (typeof own === "string") return own;
  const merged = { ...(typeof deployment === "object" ? deployment : {}), ...own };
  const path = (written: string | undefined) => (written === undefined ? undefined : resolvePath(written, around));
  const settings: SshSettings = {
    adapter: merged.adapter ?? "ssh2",
    become: merged.become ?? "none",
    connectTimeoutMs: milliseconds(merged.connect_timeout) ?? connectMs,
    ...present({
      user: merged.user,
      port: merged.port,
      identity: path(merged.identity),
      passphrase: merged.passphrase && secretReader(merged.passphrase, around),
      knownHosts: path(merged.known_hosts),
      jump: merged.jump,
      configFile: path(merged.config),
    }),
  };
  return settings;
}
