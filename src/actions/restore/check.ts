import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { objectionsTo, seedable } from "../../restore/objections.ts";
import type { Release } from "../../upgrade/release.ts";
import { defineAction } from "../define.ts";
import { type Looked, lookedByInstanceSchema, type Part, partsSchema } from "./schemas.ts";

/** Started like that, it would follow whoever its file names, and take that one's data. */
const STOPPED_REPLICA =
  "it does not run, and its configuration file makes it a replica; start the server that was the primary, or take `replicaof` out of the file";

/** Holds what is to be restored against the servers that are to take it, before any of them is touched. */
export const restoreCheck = defineAction({
  name: "restore.check",
  summary:
    "Holds version, modules, databases, memory and disk of every server against the backup, and tells how each will be filled",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({
    parts: partsSchema,
    looked: lookedByInstanceSchema,
    engine: z.string().nullable().default(null).describe("What they are to run by then, where it is another release"),
    version: z.string().nullable().default(null),
  }),
  output: z.strictObject({
    staged: z.array(z.string()).describe("Instances that get a copy of the snapshot"),
    seeded: z.array(z.string()).describe("Of these, replicas: they go on from it without a full sync"),
    part_of: z.record(z.string(), z.string()).describe("Instance to the primary whose part it gets"),
    running: z.array(z.string()).describe("Instances that run now"),
    last_save: z
      .record(z.string(), z.string())
      .describe(
        "Save points for the stop: with an append-only file none, else any, so that what is there now is kept whole",
      ),
  }),
  example: `- id: check
  action: restore.check
  with: { parts: "\${{ steps.choose.outputs.parts }}", looked: "\${{ steps.look.hosts }}" }`,
  commands: () => [],
  async run({ parts, looked: now, engine, version }) {
    const looked = engine === null || version === null ? now : asRelease(now, { engine, version });
    const refusals: string[] = [];
    const staged: string[] = [];
    const seeded: string[] = [];
    const running: string[] = [];
    const partOf: Record<string, string> = {};
    const lastSave: Record<string, string> = {};
    for (const part of Object.values(parts)) {
      for (const id of [part.instance, ...part.replicas]) {
        const taker = looked[id];
        if (!taker) continue;
        const isPrimary = id === part.instance;
        const saves = isPrimary && !taker.appendonly && taker.service.pid > 0;
        refusals.push(...objectionsTo(part, taker, { saves }).map((why) => `${id}: ${why}`));
        const seed = !isPrimary && canSeed(part, looked[part.instance], taker);
        if (taker.service.pid > 0) running.push(id);
        else if (isPrimary && taker.role === "replica") refusals.push(`${id}: ${STOPPED_REPLICA}`);
        if (isPrimary || seed) staged.push(id);
        if (seed) seeded.push(id);
        partOf[id] = part.instance;
        lastSave[id] = saves ? taker.save_points || "3600 1" : "";
      }
    }
    if (refusals.length > 0) throw refused(refusals);
    return { outputs: { staged, seeded, part_of: partOf, running, last_save: lastSave }, changed: false };
  },
});

/** The same servers, as they will be under another release. */
function asRelease(looked: Readonly<Record<string, Looked>>, release: Release): Record<string, Looked> {
  return Object.fromEntries(Object.entries(looked).map(([id, each]) => [id, { ...each, ...release }]));
}

function canSeed(part: Part, primary: Looked | undefined, replica: Looked): boolean {
  return primary !== undefined && seedable(primary, part) && seedable(replica, part);
}

function refused(reasons: readonly string[]): RedishaError {
  return new RedishaError({
    code: "RESTORE_REFUSED",
    message: `The backup does not fit: ${reasons.join("; ")}.`,
    exit: EXIT.gateRefused,
    state: "nothing was changed",
    next: ["redisha backup list", "redisha restore --to-scratch: look at the data on this machine"],
  });
}
