import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { packagePath } from "../src/core/package-root.ts";
import { generators } from "./generated/generators.ts";

/**
 * Writes every checked-in file that is generated from the code. With `--check` it writes nothing, says which files are
 * not what the code says, and ends with status 1: for CI.
 */
const check = process.argv.includes("--check");
let stale = 0;
for (const { path, content } of generators) {
  const wanted = await content();
  const present = await readFile(packagePath(path), "utf8").catch(() => undefined);
  if (present === wanted) continue;
  if (check) {
    stale += 1;
    process.stderr.write(`${path}: ${present === undefined ? "is missing" : difference(present, wanted)}\n`);
    continue;
  }
  await mkdir(dirname(packagePath(path)), { recursive: true });
  await writeFile(packagePath(path), wanted);
  process.stdout.write(`${path}: written\n`);
}
if (stale > 0) {
  process.stderr.write(`${stale} of ${generators.length} generated files are stale: npm run generate\n`);
  process.exitCode = 1;
}

/** How many lines come and go, and the first place where the two part. */
function difference(present: string, wanted: string): string {
  const before = present.split("\n");
  const after = wanted.split("\n");
  const length = Math.max(before.length, after.length);
  const at = Array.from({ length }, (_, index) => index).find((index) => before[index] !== after[index]) ?? 0;
  const show = (line: string | undefined) => (line === undefined ? "the end of the file" : line.trim());
  return [
    `${missingFrom(before, after)} lines to come, ${missingFrom(after, before)} to go, from line ${at + 1} on`,
    `  there is  ${show(before[at])}`,
    `  should be ${show(after[at])}`,
  ].join("\n");
}

/** How many of `lines` are not among `others`, each counted as often as it stands there. */
function missingFrom(others: readonly string[], lines: readonly string[]): number {
  const left = new Map<string, number>();
  for (const line of others) left.set(line, (left.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const count = left.get(line) ?? 0;
    left.set(line, count - 1);
    return count <= 0;
  }).length;
}
