import { z } from "zod";

/** Bytes a second; null where there is no limit. */
export const bandwidthSchema = z.int().min(1).nullable().default(null);
