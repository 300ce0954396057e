import { z } from "zod";
import { viewOf } from "../../reshard/cluster-view.ts";
import type { Holding } from "../../reshard/slot-fault.ts";
import { outputsOf } from "../outputs-of.ts";

/** What cluster.inspect gives of one instance. */
export const inspectionSchema = z.strictObject({
  nodes: z.string().describe("Its CLUSTER NODES, as it came"),
  keys: z
    .array(z.tuple([z.int(), z.int()]))
    .describe("Slot and number of keys, for slots that it does not own or has marked and holds keys of"),
  barred: z
    .boolean()
    .default(false)
    .describe("It refuses writes since it took over from one whose slots were on their way"),
});

/** Of the facts of a step that ran cluster.inspect on many; those on whom it failed are left out. */
export function holdingsOf(hosts: Readonly<Record<string, unknown>>): Holding[] {
  return Object.entries(outputsOf(hosts, inspectionSchema)).flatMap(([instance, { nodes, keys, barred }]) => {
    const view = viewOf(instance, nodes);
    return view ? [{ view, keys: new Map(keys), barred }] : [];
  });
}
