import { z } from "zod";
import { formatBytes } from "../../core/units.ts";
import { directive, fail, onServers, pass, toSet, warn } from "../findings.ts";
import { bytes } from "../limits.ts";
import { defineCheck } from "../model.ts";

/** What a server keeps for one kind of clients: sizes in bytes, 0 for no limit. */
interface Limits {
  readonly hard: number;
  readonly soft: number;
}

export const outputBuffers = defineCheck({
  id: "output-buffers",
  title: "Output buffers bear a full resync, and no slow subscriber",
  why: "What is written during a full resync waits in the buffer of the replica. Where it overflows the replica is cut off, and begins again: a loop that only ends when traffic does. A subscriber without a limit takes all memory.",
  how: "CONFIG GET client-output-buffer-limit of every data node.",
  mend: ["redis-cli CONFIG SET client-output-buffer-limit 'replica 1gb 256mb 60', and CONFIG REWRITE"],
  documentation: "https://redis.io/docs/latest/develop/reference/clients/",
  reads: ["servers"],
  limits: z.strictObject({
    least: bytes("256mb", "Hard limit of replicas at least"),
    least_soft: bytes("64mb", "Soft limit of replicas at least"),
  }),
  fixes: "raises the limits of replicas",
  wanted: ({ least, least_soft }) =>
    `for replicas at least ${formatBytes(least)} hard and ${formatBytes(least_soft)} soft; a limit for pubsub`,
  judge: (facts, { least, least_soft }) =>
    onServers(facts, "data", (server) => {
      const classes = classesOf(directive(server, "client-output-buffer-limit"));
      const replica = classes.get("replica") ?? classes.get("slave") ?? { hard: 0, soft: 0 };
      const { hard, soft } = replica;
      const measured = `replica ${sizeOf(hard)} hard, ${sizeOf(soft)} soft`;
      if ((hard > 0 && hard < least) || (soft > 0 && soft < least_soft)) {
        const raised = `replica ${hard === 0 ? 0 : Math.max(hard, least)} ${soft === 0 ? 0 : Math.max(soft, least_soft)} 60`;
        return fail(measured, toSet(server, "client-output-buffer-limit", raised));
      }
      const pubsub = classes.get("pubsub");
      if (pubsub && pubsub.hard === 0 && pubsub.soft === 0) return warn(`${measured}; pubsub without a limit`);
      return pass(measured);
    }),
});

/** `normal 0 0 0 slave 268435456 67108864 60 pubsub …` */
function classesOf(value: string): Map<string, Limits> {
  const words = value.split(/\s+/);
  const classes = new Map<string, Limits>();
  for (let at = 0; at + 3 < words.length; at += 4) {
    classes.set(words[at] ?? "", { hard: Number(words[at + 1]), soft: Number(words[at + 2]) });
  }
  return classes;
}

function sizeOf(bytes: number): string {
  return bytes === 0 ? "no limit" : formatBytes(bytes);
}
