import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { describeService } from "./describe.ts";
import { brieflyOnHostOf } from "./shell.ts";

/** `$1` pid. A program that was replaced on the disk goes on as the file that is gone (proc(5), exe). */
const LOOK = `
case $(readlink "/proc/$1/exe") in *" (deleted)") echo stale ;; ?*) echo fresh ;; *) exit 1 ;; esac`;

/** Whether what runs is not what is installed any more. */
export const serviceStale = defineAction({
  name: "service.stale",
  summary: "Tells whether the program that runs was replaced on the disk since it was started",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({}),
  output: z.strictObject({ stale: z.boolean() }),
  example: `- id: stale
  action: service.stale
  targets: { role: any }
  with: {}`,
  commands: () => [{ transport: "script", text: "readlink /proc/PID/exe" }],
  tell: ({ stale }) => (stale ? "runs a program that was replaced since" : "runs what is installed"),
  async run(_input, context) {
    const instance = instanceOf(context);
    const { pid } = await describeService(instance, context);
    const failure = { code: "SERVICE_UNKNOWN", what: `${instance.id} cannot be looked at`, state: "it runs" };
    const said = await brieflyOnHostOf(instance, context, LOOK, [String(pid)], failure);
    return { outputs: { stale: said.trim() === "stale" }, changed: false };
  },
});
