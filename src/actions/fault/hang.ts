import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { answerOf, PROC, processSchema, serverProcess } from "./server-process.ts";

/** Stops the server as it is: its port still takes connections, and nobody answers. What a full disk or a bad page does. */
export const faultHang = defineAction({
  name: "fault.hang",
  summary: "Stops the server's process (SIGSTOP): connections are still accepted, nothing is answered",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({}),
  output: processSchema,
  example: `- id: hang
  action: fault.hang
  targets: { role: primary }
  undo: { action: fault.resume, with: { process: "\${{ before.process }}" }, armed: 30s }`,
  commands: () => [{ transport: "script", text: "kill -STOP ‹process_id of INFO, proven by its port›" }],
  async before(_input, context) {
    return { process: await serverProcess(context) };
  },
  async run(_input, context) {
    const instance = instanceOf(context);
    const found = await serverProcess(context);
    const shell = await context.shell(instance.host);
    const mark = drillMark(context, "fault", `SIGSTOP to ${instance.id}`);
    const args = [String(found.pid), String(found.start_time)];
    await answerOf(shell, instance, STOP, args, context.signal, mark);
    return { outputs: found, changed: true };
  },
  async probe(_input, context, before) {
    const found = processSchema.safeParse(before.process);
    const instance = instanceOf(context);
    if (!found.success) return undefined;
    const args = [String(found.data.pid), String(found.data.start_time)];
    const lines = await answerOf(await context.shell(instance.host), instance, STATE, args, context.signal);
    return lines.get("state") === "T";
  },
});

const STOP = `${PROC}
[ "$(started "$1")" = "$2" ] || { echo "refused process $1 is another one by now"; exit 0; }
kill -STOP "$1" || exit 1
echo done
tries=0
while [ "$(state "$1")" != T ] && [ $tries -lt 50 ]; do
  tries=$((tries + 1))
  sleep 0.02 2>/dev/null || sleep 1
done
[ "$(state "$1")" = T ]
`;

const STATE = `${PROC}
if [ "$(started "$1")" = "$2" ]; then echo "state $(state "$1")"; else echo "state gone"; fi
`;
