import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { field, flagField, intField, parseInfo } from "../../topology/parse/info.ts";
import { infoOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { instanceOf } from "../needs.ts";
import { type Service, serviceSchema } from "../service/descriptor.ts";
import { lastWords } from "../service/last-words.ts";
import { serviceStart } from "../service/start.ts";
import { KEEP_STOPPED_MS } from "./keep-stopped.ts";
import { makeReadable, olderSchema } from "./readable.ts";

const POLL_MS = 200;

/** Full syncs that were begun and came to nothing; each further one costs the primary a save and the network all data. */
const FAILED_SYNCS = 3;

/** Starts a replica, and is done when it is one again: linked and in sync. Going back node by node rests on that, too. */
export const upgradeStart = defineAction({
  name: "upgrade.start",
  summary:
    "Starts a replica as it is run, and waits until it has loaded, is linked to its primary and has all of its data",
  scope: "instance",
  effect: "change",
  leaves: "started",
  input: z.strictObject({
    service: serviceSchema.nullable().describe("How it is run; null where it was not, and nothing is to be started"),
    within: durationSchema.default(3_600_000).describe("Time for loading and for a full sync"),
    as: olderSchema
      .nullable()
      .default(null)
      .describe("Going back: what it is to run as. One that its host has booted as another release is stopped first"),
  }),
  output: z.strictObject({}),
  example: `- id: start
  action: upgrade.start
  targets: { role: replica }
  with: { service: "\${{ steps.switch.outputs.service }}" }
  undo: { action: upgrade.clear, with: { service: "\${{ steps.switch.outputs.service }}", place: "\${{ steps.look.hosts[host.id].outputs }}", engine: redis, version: "7.0.15" } }`,
  commands: (given, target) => [
    ...serviceStart.commands(given, target),
    { transport: "redis", text: "INFO replication: until its link is up" },
  ],
  takesMs: ({ within, as }) => within + 120_000 + (as === null ? 0 : KEEP_STOPPED_MS),
  async run({ service, within, as }, context) {
    if (service !== null && as !== null) await makeReadable(service, as, context);
    const started = await serviceStart.run({ service, within }, context);
    if (service !== null) await untilLinked(instanceOf(context), service, within, context);
    return { outputs: {}, changed: started.changed };
  },
  repeatable: true,
  mayFailHalfway: true,
});

async function untilLinked(
  instance: Instance,
  service: Service,
  within: number,
  context: ActionContext,
): Promise<void> {
  const deadline = Date.now() + within;
  let began: number | undefined;
  for (;;) {
    const info = await infoOf(await context.redis(instance), ["replication"], context.signal).catch(
      (error: unknown) => {
        if (context.signal.aborted) throw error;
        context.forgetFailures();
        return {};
      },
    );
    const replica = field(info, "role") === "slave";
    const syncing = flagField(info, "master_sync_in_progress") === true;
    if (replica && field(info, "master_link_status") === "up" && !syncing) return;
    if (field(info, "role") === "master") throw noReplica(instance);
    tell(info, context);
    const syncs = await syncsOf(instance, context);
    began ??= syncs;
    const failed = syncs === undefined || began === undefined ? 0 : syncs - began - (syncing ? 1 : 0);
    if (failed >= FAILED_SYNCS) throw cannotSync(instance, failed, await lastWords(instance, service, context));
    if (Date.now() > deadline) throw notLinked(instance, within);
    await sleep(POLL_MS, context.signal);
  }
}

/** How many full syncs the primary has begun, whoever asked for them; nobody else asks while all others are linked. */
async function syncsOf({ id }: Instance, context: ActionContext): Promise<number | undefined> {
  const { nodes } = await context.topology({ seen: true });
  const followed = nodes.find((node) => node.id === id)?.primary_id;
  const primary = context.deployment.instances.find((each) => each.id === followed);
  if (!primary) return undefined;
  const connection = await context.redis(primary).catch(() => undefined);
  const stats = await connection?.command(["INFO", "stats"], { signal: context.signal }).catch(() => undefined);
  return typeof stats === "string" ? (intField(parseInfo(stats), "sync_full") ?? undefined) : undefined;
}

function tell(info: Record<string, string>, context: ActionContext): void {
  const total = intField(info, "master_sync_total_bytes") ?? 0;
  const done = intField(info, "master_sync_read_bytes") ?? 0;
  context.progress("waiting for its link", total > 0 ? { done, total, unit: "bytes" } : undefined);
}

function noReplica({ id }: Instance): RedishaError {
  return new RedishaError({
    code: "UPGRADE_NO_REPLICA",
    message: `${id} was started and calls itself a primary: its configuration names none to follow.`,
    host: id,
    state: "it runs beside the primary; clients that know only its address could write to it",
    next: ["redisha status", `redis-cli REPLICAOF HOST PORT on ${id}, then CONFIG REWRITE`],
  });
}

function cannotSync({ id, host }: Instance, syncs: number, why: string): RedishaError {
  return new RedishaError({
    code: "UPGRADE_SYNC_FAILS",
    message: `${id} runs, and ${syncs} full syncs with its primary came to nothing: ${why || "its log does not say why"}`,
    host: id,
    state: "it goes on trying, and has no link meanwhile; the others are as they were",
    next: [
      `on ${host.name}: df -h, and the log of ${id}`,
      "the log of its primary: client-output-buffer-limit, repl-timeout",
    ],
  });
}

function notLinked({ id }: Instance, within: number): RedishaError {
  return new RedishaError({
    code: "UPGRADE_NOT_SYNCED",
    message: `${id} runs and has no link to its primary after ${within / 1000} s.`,
    host: id,
    state: "it runs as a replica without a link; the others are as they were",
    next: [`look at the log of ${id}`, "redisha status --wide"],
  });
}
