import { z } from "zod";
import { benchmarkSchema } from "../../../size/benchmark.ts";
import { defineAction } from "../../define.ts";
import { durationSchema } from "../../duration-schema.ts";
import { instanceOf } from "../../needs.ts";
import { describeService } from "../../service/describe.ts";
import { measuredBy } from "./measured.ts";
import { MEASURE_SCRATCH } from "./scripts.ts";

/** How many commands a second a server of this kind bears on that host: one that is made for it, and goes with it. */
export const sizeBenchmark = defineAction({
  name: "size.benchmark",
  summary: "Runs redis-benchmark on the host, against a server that is made for it and that nobody else reaches",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    for: durationSchema.describe("How long to measure; twice as long where the host is busy"),
    connections: z.int().min(1),
    value_bytes: z.int().min(1),
  }),
  output: benchmarkSchema,
  example: `- id: benchmark
  action: size.benchmark
  targets: { role: replica, limit: 1 }
  with: { for: 20s, connections: 50, value_bytes: 100 }
  undo: none`,
  commands: (input) => [
    { transport: "exec", text: "start a server on a socket in /var/tmp, without persistence, 256mb at most" },
    { transport: "exec", text: commandOf(input) },
    { transport: "exec", text: "end that server and remove its folder" },
  ],
  takesMs: (input) => input.for * 6 + 180_000,
  async run(input, context) {
    const { host } = instanceOf(context);
    const { program } = await describeService(instanceOf(context), context);
    const shell = await context.shell(host);
    const seconds = Math.max(1, Math.round(input.for / 1_000));
    const args = [program, String(seconds), String(input.connections), String(input.value_bytes)];
    const result = await shell.script(MEASURE_SCRATCH, args, { signal: context.signal });
    const { requests, ...measured } = measuredBy(result, host);
    const { connections, value_bytes } = input;
    return {
      outputs: {
        ...{ server: "scratch", host: host.name, connections, value_bytes },
        ...{ ...measured, command: commandOf(input, requests) },
      },
      changed: false,
    };
  },
});

function commandOf({ connections, value_bytes }: { connections: number; value_bytes: number }, requests?: number) {
  return `redis-benchmark -n ${requests ?? "REQUESTS"} -s SOCKET -c ${connections} -d ${value_bytes} -r 100000 -t set,get --csv`;
}
