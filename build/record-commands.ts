import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { cachedEngine } from "../src/lab/engines.ts";
import { ENGINES } from "../test/support/engines.ts";

/**
 * Asks every engine under test which commands it has and which categories of ACL each is in, and writes
 * `src/conf/recorded-commands.json`: `sets` are lists of categories, `commands` say of each engine which set it is, or null
 * where it does not know the command.
 */
const run = promisify(execFile);

async function categoriesOf(program: string): Promise<Map<string, string[]>> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-commands-"));
  const socket = join(folder, "s");
  const server = spawn(`${program}-server`, ["--port", "0", "--unixsocket", socket], { cwd: folder, stdio: "ignore" });
  const ask = async (...argv: string[]) => {
    const { stdout } = await run(`${program}-cli`, ["-s", socket, ...argv]);
    return stdout.split("\n").filter((line) => line !== "");
  };
  try {
    for (let left = 50; left > 0; left -= 1) {
      const up = await ask("PING").catch(() => []);
      if (up[0] === "PONG") break;
      await sleep(100);
    }
    const found = new Map<string, string[]>();
    for (const category of (await ask("ACL", "CAT")).sort()) {
      for (const name of await ask("ACL", "CAT", category)) found.set(name, [...(found.get(name) ?? []), category]);
    }
    return found;
  } finally {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

const engines = new Map<string, Map<string, string[]>>();
for (const engine of ENGINES) {
  const folder = await cachedEngine(engine, () => undefined);
  engines.set(engine, await categoriesOf(join(folder, "bin", engine.split("-")[0] ?? "")));
}
const sets: string[] = [];
const numberOf = (categories: readonly string[] | undefined): number | null => {
  if (categories === undefined) return null;
  const text = categories.join(" ");
  if (!sets.includes(text)) sets.push(text);
  return sets.indexOf(text);
};
const names = [...new Set([...engines.values()].flatMap((each) => [...each.keys()]))].sort();
const lines = names.map((name) => {
  const of = [...engines.values()].map((each) => numberOf(each.get(name)));
  return `    ${JSON.stringify(name)}: ${JSON.stringify(of)}`;
});
const text = `{
  "engines": ${JSON.stringify([...engines.keys()])},
  "sets": [
${sets.map((each) => `    ${JSON.stringify(each)}`).join(",\n")}
  ],
  "commands": {
${lines.join(",\n")}
  }
}
`;
await writeFile(new URL("../src/conf/recorded-commands.json", import.meta.url), text);
process.stdout.write(`${names.length} commands of ${engines.size} engines\n`);
