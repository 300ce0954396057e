import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { readJournal } from "../src/engine/journal-read.ts";

/** How long a step took, from its first op to its last, in each run that a state folder has, the earliest first: in milliseconds. */
export async function stepTimes(folder: string, step: string): Promise<number[]> {
  const runs = join(folder, "runs");
  const journals = (await readdir(runs)).filter((file) => file.endsWith(".jsonl")).sort();
  const times = await Promise.all(journals.map(async (file) => stepTime(await readFile(join(runs, file)), file, step)));
  return times.filter((ms) => ms !== undefined);
}

function stepTime(journal: Buffer, file: string, step: string): number | undefined {
  const moments = readJournal(journal, file)
    .lines.filter((line) => (line.kind === "intent" || line.kind === "outcome") && line.step === step)
    .map(({ at }) => Date.parse(at));
  return moments.length > 0 ? Math.max(...moments) - Math.min(...moments) : undefined;
}
