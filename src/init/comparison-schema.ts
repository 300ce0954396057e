import { z } from "zod";

/** A directive, a package or a user that is not as it should be. */
export const differenceSchema = z.strictObject({
  name: z.string(),
  was: z.string().nullable().describe("Null where nothing was said"),
  will: z.string().nullable().describe("Null where it goes"),
});
const differences = z.array(differenceSchema);

/** What of an instance is not as it should be; secrets masked. */
export const comparisonSchema = z.strictObject({
  files: z.array(
    z.strictObject({
      path: z.string(),
      state: z.enum(["absent", "same", "differs"]),
      differences,
      owner: z.string().nullable().describe("Owner and mode where they are others than wanted"),
    }),
  ),
  live: differences.describe("What the running server has in memory and can change there"),
  restart: differences.describe("What it can only change by a restart"),
  users: differences.describe("Users that it holds in memory otherwise than its ACL file should say"),
  stop: z.boolean().describe("A Sentinel that has to be stopped for it: what it has in memory goes over its file"),
  left: differences.describe("What is otherwise than declared and not init's to mend; `will` says what to do"),
  differs: z.boolean().describe("Something of it is init's to mend"),
});
