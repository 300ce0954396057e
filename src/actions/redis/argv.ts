import { z } from "zod";
import type { PlannedCommand } from "../../engine/plan.ts";

/** A Redis command in YAML: a list of words, never one string that would have to be split. */
export const argvSchema = z
  .array(z.union([z.string(), z.int()]))
  .min(1)
  .transform((words) => words.map(String))
  .describe("The command and its arguments, one list entry each");

/** A command as the plan and the journal print it: words with spaces or quotes are quoted as redis-cli would take them. */
export function redisCommand(argv: readonly string[]): PlannedCommand {
  return { transport: "redis", text: argv.map(quote).join(" ") };
}

function quote(word: string): string {
  return /^[\w.:@%/+=,*&~^-]+$/.test(word) ? word : JSON.stringify(word);
}
