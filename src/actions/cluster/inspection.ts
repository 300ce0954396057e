import { z } from "zod";
import { viewOf } from "../../reshard/cluster-view.ts";
import type { Holding } from "../../reshard/slot-fault.ts";

/** What cluster.inspect gives of one instance. */
export const inspectionSchema = z.strictObject({
  nodes: z.string().describe("Its CLUSTER NODES, as it came"),
  keys: z
    .array(z.tuple([z.int(), z.int()]))
    .describe("Slot and number of keys, for slots that it does not own or has marked and holds keys of"),
});

/** Of the facts of a step that ran cluster.inspect on many; those on whom it failed are left out. */
export function holdingsOf(hosts: Readonly<Record<string, unknown>>): Holding[] {
  const step = z.object({ outputs: inspectionSchema });
  return Object.entries(hosts).flatMap(([instance, facts]) => {
    const { data } = step.safeParse(facts);
    const view = data && viewOf(instance, data.outputs.nodes);
    return view ? [{ view, keys: new Map(data.outputs.keys) }] : [];
  });
}
