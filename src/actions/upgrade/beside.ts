import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { describeService } from "../service/describe.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { serviceStart } from "../service/start.ts";
import { upgradeFit } from "./fit.ts";
import { KEEP_STOPPED_MS, keepStopped } from "./keep-stopped.ts";
import { runsAs } from "./readable.ts";

const START_MS = 60_000;

/** `$1` the run, `$2` the file. */
const KEEP = `
set -e
kept=$2.redisha-$1
[ -e "$kept" ] || { cp -p -- "$2" "$kept.part"; mv -f -- "$kept.part" "$kept"; }`;

/** The same. */
const LET_GO = 'rm -f -- "$2.redisha-$1"';

const besideSchema = z.strictObject({
  sentinels: z.array(z.strictObject({ id: z.string(), service: serviceSchema })),
});
type Beside = z.output<typeof besideSchema>["sentinels"][number];

/**
 * The packages of a server are those of the Sentinels on its host, too. They run on as they are, until the host is booted:
 * then they come up as the other release, and write their files so that the one before refuses them.
 */
export const upgradeKeepBeside = defineAction({
  name: "upgrade.keep_beside",
  summary: "Notes the Sentinels that run on the host, of the same packages, and keeps a copy of their configuration",
  scope: "host",
  effect: "change",
  input: z.strictObject({}),
  output: besideSchema.extend({ files: z.array(z.string()).describe("Their configuration files") }),
  example: `- id: beside
  action: upgrade.keep_beside
  targets: { role: replica }
  with: {}
  undo: { action: upgrade.settle_beside, with: { sentinels: "\${{ before.sentinels }}", engine: redis, version: "6.0.16" } }`,
  commands: () => [{ transport: "script", text: "cp -p SENTINEL_CONFIG_FILE aside" }],
  before: async (_input, context) => ({ sentinels: await sentinelsOn(context) }),
  async run(_input, context) {
    const { sentinels } = besideSchema.parse(context.before ?? { sentinels: [] });
    for (const { instance, service } of listed(sentinels, context)) {
      const failure = {
        code: "UPGRADE_NOT_KEPT",
        what: `${service.config_file} could not be copied`,
        state: "it runs",
      };
      await onHostOf(instance, context, KEEP, [context.life.id, service.config_file], failure);
    }
    const files = sentinels.map(({ service }) => service.config_file);
    return { outputs: { sentinels, files }, changed: sentinels.length > 0 };
  },
  repeatable: true,
});

/** Behind packages that were brought back: a Sentinel that was started with the other ones is restarted with these. */
export const upgradeSettleBeside = defineAction({
  name: "upgrade.settle_beside",
  summary:
    "Restarts Sentinels of the host that have come up as another release meanwhile, with files that this one reads; the others run on; lets go of the copies",
  scope: "host",
  effect: "disruptive",
  input: besideSchema.extend({
    engine: z.string().describe("What is installed: redis or valkey"),
    version: z.string(),
  }),
  output: z.strictObject({ restarted: z.array(z.string()) }),
  example: `- id: settle
  action: upgrade.settle_beside
  targets: { role: any }
  with: { sentinels: [], engine: redis, version: "6.0.16" }
  undo: none`,
  commands: ({ sentinels }) =>
    sentinels.map(({ id }) => ({ transport: "exec", text: `systemctl restart, where ${id} runs another release` })),
  takesMs: ({ sentinels }) => 60_000 + sentinels.length * (KEEP_STOPPED_MS + START_MS),
  async run({ sentinels, ...release }, context) {
    const restarted: string[] = [];
    for (const { id, instance, service } of listed(sentinels, context)) {
      if (!(await runsAs(instance, release, context))) {
        const own = { ...context, instance };
        await keepStopped(service, own);
        await upgradeFit.run({ service, ...release }, own);
        await serviceStart.run({ service, within: START_MS }, own);
        restarted.push(id);
      }
      const failure = { code: "UPGRADE_NOT_KEPT", what: "a copy could not be removed", state: "it runs as before" };
      await onHostOf(instance, context, LET_GO, [context.life.id, service.config_file], failure);
    }
    return { outputs: { restarted }, changed: restarted.length > 0 };
  },
  repeatable: true,
});

/** Those that do not run are nobody's to start. */
async function sentinelsOn(context: ActionContext): Promise<Beside[]> {
  const host = hostOf(context).name;
  const there = context.deployment.instances.filter((each) => each.kind === "sentinel" && each.host.name === host);
  const found: Beside[] = [];
  for (const instance of there) {
    const service = await describeService(instance, context).catch((error: unknown) => {
      if (error instanceof RedishaError && error.code === "REDIS_REFUSED") return undefined;
      throw error;
    });
    if (service !== undefined && service.config_file !== "") found.push({ id: instance.id, service });
  }
  return found;
}

/** One that redisha.yaml does not list any more is nobody's. */
function listed(sentinels: readonly Beside[], { deployment }: ActionContext): (Beside & { instance: Instance })[] {
  return sentinels.flatMap((each) => {
    const instance = deployment.instances.find(({ id }) => id === each.id);
    return instance ? [{ ...each, instance }] : [];
  });
}
