import { z } from "zod";
import { SLOTS } from "../../topology/parse/slots.ts";

const slot = z
  .int()
  .min(0)
  .max(SLOTS - 1);

/** Slots that change hands, as actions pass them on to each other. */
export const movesSchema = z.array(
  z.strictObject({
    from: z.string().describe("The primary that owns them"),
    to: z.string().describe("The primary that gets them"),
    slots: z.array(z.tuple([slot, slot])).describe("Ranges, both ends included"),
    count: z.int().min(0),
  }),
);

/** What the planning actions give. */
export const slotPlanSchema = z.strictObject({
  moves: movesSchema,
  slots: z.int().describe("How many slots are to be moved"),
  sources: z.array(z.string()).describe("Primaries that give slots"),
  targets: z.array(z.string()).describe("Primaries that get slots"),
  shards: z.array(z.array(z.string())).describe("Of each of these: the primary, then its replicas"),
  emptied: z.array(z.string()).describe("Members of shards that own slots now and none afterwards"),
  filled: z.array(z.string()).describe("Members of shards that own none now: going back empties them"),
});

export type SlotPlan = z.infer<typeof slotPlanSchema>;
