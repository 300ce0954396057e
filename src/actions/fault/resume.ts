import { z } from "zod";
import { sleep } from "../../core/abort.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { addressOf, followSchema, makeReplica } from "./follow.ts";
import { answerOf, PROC, processSchema } from "./server-process.ts";

/** Enough for a TCP connection through SSH. */
const HEAD_START_MS = 250;

/** Lets a stopped server go on. One that has been replaced meanwhile is told so in the same moment, before clients reach it. */
export const faultResume = defineAction({
  name: "fault.resume",
  summary: "Lets a server that was stopped go on (SIGCONT), as a replica of the one that was promoted meanwhile",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ process: processSchema, follow: followSchema }),
  output: z.strictObject({ told: z.boolean().describe("It was told to follow") }),
  example: `- id: resume
  action: fault.resume
  targets: { role: data, hosts: [r1] }
  with: { process: "\${{ steps.hang.outputs }}", follow: r2:6379 }
  undo: none`,
  commands: ({ process, follow }) => [
    ...(follow ? [{ transport: "redis" as const, text: `REPLICAOF ‹${follow}›` }] : []),
    { transport: "script", text: `kill -CONT ${process.pid}` },
  ],
  onHost: ({ process }) => [
    { kind: "script", script: CONTINUE, args: wordsOf(process), env: {}, become: true, okCodes: [0] },
  ],
  async run({ process, follow }, context) {
    const instance = instanceOf(context);
    const shell = await context.shell(instance.host);
    const address = follow === null ? undefined : await addressOf(follow, context);
    const telling = address && makeReplica(address, context);
    // The kernel takes the connection already: the server finds the order among the first things when it goes on.
    if (telling) await Promise.race([telling.catch(() => undefined), sleep(HEAD_START_MS, context.signal)]);
    const mark = drillMark(context, "healed", `SIGCONT to ${instance.id}`);
    await answerOf(shell, instance, CONTINUE, wordsOf(process), context.signal, mark);
    await telling;
    return { outputs: { told: telling !== undefined }, changed: true };
  },
  probe: async () => false,
});

function wordsOf({ pid, start_time }: z.output<typeof processSchema>): string[] {
  return [String(pid), String(start_time)];
}

/** A process that is gone needs no waking. */
const CONTINUE = `${PROC}
[ "$(started "$1")" = "$2" ] || exit 0
kill -CONT "$1" || exit 1
echo done
`;
