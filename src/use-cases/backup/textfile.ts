import { randomBytes } from "node:crypto";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { whyUnwritable } from "../../core/files.ts";

/** What stands in a file, or nothing. */
export function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

/** Puts a text in place of a file in one step: whoever collects metrics sees the old or the new one, never a part. */
export async function replaceText(path: string, text: string): Promise<void> {
  // Collectors read *.prom: a half one must not be called so.
  const temporary = `${path}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await writeFile(temporary, text, { mode: 0o644 });
    await rename(temporary, path);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw new RedishaError({
      code: "TEXTFILE_NOT_WRITTEN",
      message: `The metrics cannot be written to ${path}: ${whyUnwritable(dirname(path), cause)}.`,
      exit: EXIT.warnings,
      state: "everything else is as it was said before",
      next: [`ls -ld ${dirname(path)}`],
      cause,
    });
  }
}
