import { z } from "zod";
import { comparisonSchema, type differenceSchema } from "../../init/comparison-schema.ts";
import { leftAlone } from "../../init/left-alone.ts";
import { type Situation, situationSchema } from "../../init/situation.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { type ComparedFile, compareFiles, compareLive, compareSentinel, takesPutting } from "./comparison.ts";

const NOTHING = { live: [], restart: [], users: [], elsewhere: false };

/** Holds files and the running server of an instance against what they should be. */
export const initCompare = defineAction({
  name: "init.compare",
  summary: "Holds the files of each targeted instance, and what it has in memory, against what they should be",
  scope: "instance",
  effect: "read",
  input: z.strictObject({ situation: situationSchema.describe("Outputs of init.survey") }),
  output: comparisonSchema,
  example: `- id: compare
  action: init.compare
  targets: { role: any }
  with: { situation: "\${{ steps.survey.outputs }}" }`,
  commands: () => [
    { transport: "exec", text: "look at configuration files" },
    { transport: "redis", text: "CONFIG GET *" },
  ],
  async run({ situation }, context) {
    const instance = instanceOf(context);
    const files = await compareFiles(instance, situation, context);
    const lives = situation.running.includes(instance.id);
    const memory = lives ? await memoryOf(instance, files, situation, context) : NOTHING;
    const stop = instance.kind === "sentinel" && (!lives || memory.elsewhere || files.some(takesPutting));
    const plain = ({ name, was, will }: z.infer<typeof differenceSchema>) => ({ name, was, will });
    const outputs = {
      files: files.map(({ desired, found, differences, same }) => ({
        path: desired.path,
        state: found === undefined ? ("absent" as const) : same ? ("same" as const) : ("differs" as const),
        differences: found === undefined ? [] : [...differences],
        owner:
          found && (found.owner !== desired.owner || found.mode !== desired.mode)
            ? `${found.owner} ${found.mode}, not ${desired.owner} ${desired.mode}`
            : null,
      })),
      live: memory.live.map(plain),
      restart: memory.restart.map(plain),
      users: memory.users,
      stop,
      left: leftAlone(instance, situation),
      differs: files.some(({ same }) => !same) || memory.live.length + memory.restart.length + memory.users.length > 0,
    };
    return { outputs, changed: false };
  },
});

async function memoryOf(
  instance: Instance,
  files: readonly ComparedFile[],
  situation: Situation,
  context: ActionContext,
) {
  if (instance.kind === "sentinel")
    return { ...NOTHING, ...(await compareSentinel(files, situation, instance, context)) };
  const version = situation.engine[instance.id] ?? "";
  return { ...NOTHING, ...(await compareLive(files, await context.redis(instance), version, context.signal)) };
}
