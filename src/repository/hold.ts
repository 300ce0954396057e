import { z } from "zod";
import { backupFolder, HOLD } from "./layout.ts";
import type { Repository } from "./repository.ts";
import { toJson } from "./small-object.ts";

export const holdSchema = z.object({
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});

/** Why a backup never expires. */
export type Hold = z.infer<typeof holdSchema>;

/** Keeps a backup from expiring and from being deleted, until it is released. */
export async function holdBackup({ store, deployment }: Repository, id: string, hold: Hold): Promise<void> {
  await store.replace(`${backupFolder(deployment, id)}${HOLD}`, toJson(holdSchema.parse(hold)));
}

export async function releaseBackup({ store, deployment }: Repository, id: string): Promise<void> {
  await store.delete(`${backupFolder(deployment, id)}${HOLD}`);
}
