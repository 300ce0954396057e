import { stat } from "node:fs/promises";
import type { Problem } from "../core/errors.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";
import { Findings } from "./findings.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import type { DeclaredDeployment } from "./schema.ts";
import type { SecretSource } from "./secrets.ts";

const OTHERS_MAY_READ = 0o004;

/** A warning for each secret file of a deployment that every user of this machine can read. */
export async function openSecretFiles(
  name: string,
  declared: DeclaredDeployment,
  source: YamlSource,
  around: Surroundings,
): Promise<readonly Problem[]> {
  const found = new Findings(source, ["deployments", name]);
  for (const [path, { file }] of secretsOf(declared)) {
    if (file === undefined) continue;
    const absolute = resolvePath(file, around);
    // One that does not exist is reported when it is needed.
    const mode = await stat(absolute).then(
      (stats) => stats.mode,
      () => 0,
    );
    if (mode & OTHERS_MAY_READ) {
      found.warn([...path, "file"], "every user of this machine can read this secret", `chmod 600 ${absolute}`);
    }
  }
  return found.warnings;
}

function secretsOf({ auth, ssh, hosts, backup }: DeclaredDeployment): (readonly [YamlPath, SecretSource])[] {
  const sshOf = (path: YamlPath, its: DeclaredDeployment["ssh"]) =>
    typeof its === "object" && its.passphrase ? [[[...path, "passphrase"], its.passphrase] as const] : [];
  const sentinel = typeof auth?.sentinel === "object" ? auth.sentinel : undefined;
  return [
    ...(auth?.operator ? [[["auth", "operator", "password"], auth.operator.password] as const] : []),
    ...(sentinel ? [[["auth", "sentinel", "password"], sentinel.password] as const] : []),
    ...sshOf(["ssh"], ssh),
    ...sshOf(["backup", "sftp"], backup?.sftp),
    ...(["access_key", "secret_key", "session_token"] as const).flatMap((key) => {
      const secret = backup?.s3?.[key];
      return secret ? [[["backup", "s3", key], secret] as const] : [];
    }),
    ...Object.entries(hosts).flatMap(([host, its]) => sshOf(["hosts", host, "ssh"], its.ssh)),
  ];
}
