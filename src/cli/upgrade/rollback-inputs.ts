import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { parseBytes } from "../../core/units.ts";
import type { Deployment } from "../../inventory/model.ts";
import { givenInputs } from "../given-inputs.ts";

/** Going back by a backup, as it was typed. */
export interface BackupWay {
  readonly to: string;
  /** Of the release from before, where the last upgrade knows it. */
  readonly engine: string | undefined;
  readonly directory: string | undefined;
  readonly backup: string | undefined;
  readonly lose: string;
}

/** Flags as inputs of the runbook rollback, as texts. `--lose all` is for where nobody can count what would be lost. */
export function inputsOfRollback(flags: BackupWay, { engine }: Deployment): Record<string, string> {
  const { to, directory, backup, lose } = flags;
  if (backup === undefined) throw noBackup(to);
  const bytes = lose === "all" ? Number.MAX_SAFE_INTEGER : parseBytes(lose);
  if (bytes === undefined) throw noSize(lose);
  return givenInputs({
    version: to,
    engine: flags.engine,
    source: directory === undefined ? (engine.source ?? "apt") : "directory",
    directory,
    backup,
    lose: bytes,
  });
}

function noSize(lose: string): RedishaError {
  return new RedishaError({
    code: "USAGE",
    message: `not a size: --lose ${lose}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["write it with its unit: --lose 16mb; or, where nobody can count it, --lose all"],
  });
}

function noBackup(to: string): RedishaError {
  return new RedishaError({
    code: "USAGE_BACKUP",
    message: "No upgrade is known here that made a backup; which one to go back to has to be said.",
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha backup list", `redisha rollback --to ${to} --backup ID --lose 16mb`],
  });
}
