import { z } from "zod";
import { barredFrom } from "../../reshard/bar.ts";
import { viewOf } from "../../reshard/cluster-view.ts";
import { all } from "../../reshard/orders.ts";
import { SLOTS } from "../../topology/parse/slots.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { redisCommand } from "../redis/argv.ts";
import { inspectionSchema } from "./inspection.ts";

/** Questions that go to a server at once: few enough that its clients do not notice. */
const AT_ONCE = 1_000;

/** Reads what one node thinks of every slot, and where it holds keys that it should not. */
export const clusterInspect = defineAction({
  name: "cluster.inspect",
  summary:
    "Reads the cluster as each targeted node sees it, and counts keys in slots that it does not own or has marked",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: inspectionSchema,
  example: `- id: inspect
  action: cluster.inspect
  targets: { role: data, where: host.up }
  with: {}`,
  commands: () => [
    redisCommand(["CLUSTER", "NODES"]),
    redisCommand(["CONFIG", "GET", "min-replicas-to-write"]),
    redisCommand(["CLUSTER", "COUNTKEYSINSLOT", "SLOT"]),
  ],
  tell: ({ keys }) =>
    keys.length === 0 ? "no keys where they do not belong" : `keys in ${keys.length} slots to look at`,
  async run(_input, context) {
    const instance = instanceOf(context);
    const connection = await context.redis(instance);
    const nodes = String(await connection.command(["CLUSTER", "NODES"], { signal: context.signal }));
    const view = viewOf(instance.id, nodes);
    const barred = view?.primaryId === null && (await barredFrom(connection, context.signal)) !== undefined;
    const keys: [number, number][] = [];
    // A replica holds what its primary holds.
    if (view?.primaryId === null) {
      const isOdd = (slot: number) =>
        view.owners[slot] !== view.nodeId || view.migrating.has(slot) || view.importing.has(slot);
      const odd = Array.from({ length: SLOTS }, (_, slot) => slot).filter(isOdd);
      for (let at = 0; at < odd.length; at += AT_ONCE) {
        const slots = odd.slice(at, at + AT_ONCE);
        const asked = slots.map((slot) => ["CLUSTER", "COUNTKEYSINSLOT", String(slot)]);
        const counts = await all(connection, asked, context.signal);
        for (const [index, slot] of slots.entries()) {
          const held = Number(counts[index]);
          if (held > 0) keys.push([slot, held]);
        }
      }
    }
    return { outputs: { nodes, keys, barred }, changed: false };
  },
});
