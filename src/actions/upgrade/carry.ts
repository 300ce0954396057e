import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { type Carriage, carriage } from "../../upgrade/packaged.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceSchema } from "../service/descriptor.ts";
import { onHostOf } from "../service/shell.ts";
import { CARRY_BACK, CARRY_OVER } from "./carry-scripts.ts";
import { filesOf, placeSchema } from "./clear.ts";
import { KEEP_STOPPED_MS, keepStopped } from "./keep-stopped.ts";

const input = z.strictObject({
  service: serviceSchema.describe("How it was run until now: outputs of service.stop"),
  place: placeSchema.nullable().default(null).describe("Where it keeps its data; null for a Sentinel, which has none"),
  files: z.array(z.string()).default([]).describe("Other files that go with its data, such as a Cluster's nodes.conf"),
  engine: z.string().describe("Whose packages are to run it: redis or valkey"),
});
type Input = z.output<typeof input>;

/**
 * Has packages of another project run a server that is stopped: configuration with all that it names, data, what was added to
 * its unit. The files of the one before stay, but for the data, which moves: there is only one of it, as before.
 */
export const upgradeCarryOver = defineAction({
  name: "upgrade.carry_over",
  summary:
    "Carries the stopped server over to packages of another project: configuration, users, certificates, data, drop-ins; its host starts the other unit from then on",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({
    service: serviceSchema.describe("How it is run from now on: for service.start"),
    place: placeSchema.nullable().describe("Where it keeps its data from now on"),
  }),
  example: `- id: carry
  action: upgrade.carry_over
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", place: "\${{ steps.look.hosts[host.id].outputs }}", engine: valkey }
  undo: { action: upgrade.carry_back, with: { service: "\${{ steps.stop.outputs.service }}", place: "\${{ steps.look.hosts[host.id].outputs }}", engine: valkey } }`,
  commands: ({ service, engine }) => [
    {
      transport: "script",
      text: `cp -p ${service.config_file || "CONFIG_FILE"} and what it names to /etc/${engine}; mv its data to /var/lib/${engine}`,
    },
    { transport: "script", text: `systemctl disable ${service.unit ?? "UNIT"}; systemctl enable ${engine}-…` },
  ],
  takesMs: () => KEEP_STOPPED_MS,
  async run(given, context) {
    const { service, place, engine } = given;
    const way = wayOf(given, context);
    if (way.from === engine) return { outputs: { service, place }, changed: false };
    await keepStopped(service, context);
    const instance = instanceOf(context);
    const said = await onHostOf(instance, context, CARRY_OVER, args(given, way, context), notCarried(instance, "over"));
    const [uid = "", dir = ""] = said.trim().split("\n");
    const { unit, program, file } = way;
    const owner = { user: way.to, uid: Number(uid) };
    return {
      outputs: {
        service: { ...service, ...owner, unit, program, config_file: file, directory: place ? dir : service.directory },
        place: place && { ...place, dir },
      },
      changed: true,
    };
  },
  repeatable: true,
  mayFailHalfway: true,
});

/** Takes back what upgrade.carry_over did; what it has copied goes with the packages. */
export const upgradeCarryBack = defineAction({
  name: "upgrade.carry_back",
  summary: "Has the stopped server's host start the unit from before again, with the data",
  scope: "instance",
  effect: "change",
  input,
  output: z.strictObject({}),
  example: `- id: carry_back
  action: upgrade.carry_back
  targets: { role: replica }
  with: { service: "\${{ steps.stop.outputs.service }}", place: "\${{ steps.look.hosts[host.id].outputs }}", engine: valkey }
  undo: none`,
  commands: ({ service, engine }) => [
    { transport: "script", text: `systemctl disable ${engine}-…; systemctl enable ${service.unit ?? "UNIT"}` },
  ],
  takesMs: () => KEEP_STOPPED_MS,
  async run(given, context) {
    const way = wayOf(given, context);
    if (way.from === given.engine) return { outputs: {}, changed: false };
    await keepStopped(given.service, context);
    const instance = instanceOf(context);
    await onHostOf(instance, context, CARRY_BACK, args(given, way, context), notCarried(instance, "back"));
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

function wayOf({ service, engine }: Input, context: ActionContext): Carriage {
  const way = carriage(service, engine);
  if (way) return way;
  const instance = instanceOf(context);
  throw new RedishaError({
    code: "UPGRADE_NOT_PORTABLE",
    message: `${instance.id} is not run as packages run it, and cannot be carried over to those of ${engine}.`,
    host: instance.id,
    state: "it is stopped; its files are as they were",
    next: ["redisha runs rollback last"],
  });
}

function args({ service, place, files }: Input, way: Carriage, { life }: ActionContext): string[] {
  const names = place === null ? [] : [...filesOf(place), ...files.map((file) => file.replace(/.*\//, ""))];
  const { unit, config_file } = service;
  return [life.id, way.from, way.to, unit ?? "", config_file, way.unit, way.file, place?.dir ?? "-", ...names];
}

function notCarried({ id }: Instance, where: "over" | "back") {
  return {
    code: "UPGRADE_NOT_CARRIED",
    what: `${id} could not be carried ${where}`,
    state: "it is stopped; its data is where it was, or where it is to be",
    next: ["redisha runs resume last: does it once more"],
  };
}
