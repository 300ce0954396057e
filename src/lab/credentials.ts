import { createHash, randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { scrubber } from "../core/scrub.ts";
import { Secret } from "../core/secret.ts";
import type { LabSpec } from "./spec.ts";

/**
 * Who logs in to what. With `password` one password serves everybody, as `requirepass` has it;
 * with `acl` the operator, the replicas and the Sentinels each have their own.
 */
export interface Credentials {
  readonly operator: Secret;
  readonly replication: Secret;
  readonly sentinel: Secret;
}

/** Names of the users of an `acl` lab. */
export const USER = { operator: "redisha", replication: "replication", sentinel: "sentinel" } as const;

/** Makes the passwords and writes each to a file of its own that only its owner may read. */
export async function createCredentials(spec: LabSpec): Promise<Credentials | undefined> {
  if (spec.auth === "none") return undefined;
  await mkdir(join(spec.folder, "secrets"), { mode: 0o700 });
  const roles = spec.auth === "acl" ? (["operator", "replication", "sentinel"] as const) : (["operator"] as const);
  for (const role of roles) {
    await writeFile(join(spec.folder, passwordFile(role)), `${randomBytes(24).toString("base64url")}\n`, {
      mode: 0o600,
    });
  }
  return readCredentials(spec);
}

/** The passwords of a lab that is there; undefined where it has none. */
export async function readCredentials(spec: LabSpec): Promise<Credentials | undefined> {
  if (spec.auth === "none") return undefined;
  const read = async (role: keyof Credentials): Promise<Secret> => {
    const file = join(spec.folder, passwordFile(spec.auth === "acl" ? role : "operator"));
    const value = (await readFile(file, "utf8")).trim();
    scrubber.learn(value);
    return new Secret(value, `file ${file}`);
  };
  return { operator: await read("operator"), replication: await read("replication"), sentinel: await read("sentinel") };
}

/** Where a password stands, below the lab's folder. */
export function passwordFile(role: keyof Credentials): string {
  return join("secrets", `${role}.password`);
}

/** The form in which an ACL file takes a password without holding it. */
export function aclHash(secret: Secret): string {
  return `#${createHash("sha256").update(secret.reveal()).digest("hex")}`;
}
