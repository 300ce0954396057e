import { z } from "zod";
import { SLOTS } from "../../topology/parse/slots.ts";
import { movesSchema } from "./moves-schema.ts";

const slot = z
  .int()
  .min(0)
  .max(SLOTS - 1);

/** Slots at instances, as the actions of a repair pass them on to each other. */
export const atSchema = z.array(
  z.strictObject({
    instance: z.string(),
    slots: z.array(z.tuple([slot, slot])).describe("Ranges, both ends included"),
  }),
);

/** What cluster.plan_fix gives. */
export const repairSchema = z.strictObject({
  story: z.array(z.string()).describe("What is wrong, and what mends it, in words"),
  slots: z.int().describe("How many slots have something wrong"),
  take: atSchema.describe("Slots that belong to nobody, and who is to have them"),
  takers: z.array(z.string()),
  finish: movesSchema.describe("Moves to be brought to their end, for cluster.move_slots"),
  sources: z.array(z.string()).describe("Who gives slots in them"),
  shards: z.array(z.array(z.string())).describe("Who stands for whom after a failover"),
  close: atSchema.describe("Marks of owners that come off"),
  closers: z.array(z.string()),
  gather: movesSchema.describe("Keys that go to who owns their slot; count is that of the slots"),
  gatherers: z.array(z.string()).describe("Who gives keys"),
});
