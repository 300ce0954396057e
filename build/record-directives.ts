import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { cachedEngine } from "../src/lab/engines.ts";
import { ENGINES } from "../test/support/engines.ts";

/**
 * Asks every engine under test which directives it knows and what their defaults are, and writes
 * `src/conf/recorded-directives.json`. A directive that a server takes without listing it (an old name, a hidden one) is found by
 * starting the server with it.
 */

/** Directives of configuration files that CONFIG GET lists nowhere, or only under another name. */
const NOT_LISTED: Readonly<Record<string, string>> = {
  "rename-command": "DEBUG DEBUG2",
  user: "somebody off",
  "list-max-ziplist-entries": "512",
  "list-max-ziplist-value": "64",
  "lua-replicate-commands": "yes",
  "io-threads-do-reads": "no",
  "dynamic-hz": "yes",
  "gopher-enabled": "no",
  "aof-disable-auto-gc": "no",
  "hash-max-zipmap-entries": "512",
  "hash-max-zipmap-value": "64",
  slaveof: "no one",
  replicaof: "no one",
};

/** Defaults of what the server is started with here. */
const ASKED_FOR = { dir: "./", port: "6379", unixsocket: "" };

/** Releases that upgrades come by: without a record they would be taken for the next one under test. */
const BETWEEN = ["valkey-8.0"];

const run = promisify(execFile);

async function defaultsOf(program: string): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-directives-"));
  const socket = join(folder, "s");
  const server = spawn(`${program}-server`, ["--port", "0", "--unixsocket", socket], { cwd: folder, stdio: "ignore" });
  try {
    for (let attempt = 0; ; attempt += 1) {
      try {
        const { stdout } = await run(`${program}-cli`, ["-s", socket, "--json", "CONFIG", "GET", "*"]).catch(() =>
          run(`${program}-cli`, ["-s", socket, "CONFIG", "GET", "*"]),
        );
        return new Map([...pairsOf(stdout), ...Object.entries(ASKED_FOR)]);
      } catch (error) {
        if (attempt === 50) throw error;
        await sleep(100);
      }
    }
  } finally {
    server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  }
}

/** Lines by turns a name and its value, or, from newer clients, one JSON object. */
function pairsOf(text: string): [string, string][] {
  if (text.startsWith("{")) return Object.entries(JSON.parse(text)).map(([name, value]) => [name, String(value)]);
  const lines = text.split("\n");
  return lines.flatMap((line, at): [string, string][] => (at % 2 === 0 && line ? [[line, lines[at + 1] ?? ""]] : []));
}

/** Whether the server knows the name at all: it may refuse the value. */
async function knows(program: string, name: string, value: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-directives-"));
  const conf = join(folder, "conf");
  await writeFile(conf, `port 0\ndir ${folder}\n${name} ${value === "" ? '""' : value}\n`);
  try {
    const failed = await run(`${program}-server`, [conf], { timeout: 1_500, killSignal: "SIGKILL" }).then(
      () => "",
      (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ""}${error.stderr ?? ""}`,
    );
    return !/Bad directive|wrong number of arguments|Unresolved Configuration/i.test(failed);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By engine, `…/bin/redis` or `…/bin/valkey`: what the names of its programs start with. */
const programs = new Map<string, string>();
for (const engine of [...ENGINES, ...BETWEEN].sort()) {
  const folder = await cachedEngine(engine, () => undefined);
  programs.set(engine, join(folder, "bin", engine.split("-")[0] ?? ""));
}
const listed = new Map<string, Map<string, string>>();
for (const [engine, program] of programs) listed.set(engine, await defaultsOf(program));
const names = [
  ...new Set([...listed.values()].flatMap((each) => [...each.keys()]).concat(Object.keys(NOT_LISTED))),
].sort();
const recorded: Record<string, Record<string, string | null>> = {};
for (const name of names) {
  const sample =
    NOT_LISTED[name] ?? [...listed.values()].map((each) => each.get(name)).find((value) => value !== undefined) ?? "";
  const of: Record<string, string | null> = {};
  for (const [engine, program] of programs) {
    const value = listed.get(engine)?.get(name);
    if (value !== undefined) of[engine] = value;
    else if (await knows(program, name, sample)) of[engine] = null;
  }
  recorded[name] = of;
}
const lines = Object.entries(recorded).map(([name, of]) => `  ${JSON.stringify(name)}: ${JSON.stringify(of)}`);
await writeFile(new URL("../src/conf/recorded-directives.json", import.meta.url), `{\n${lines.join(",\n")}\n}\n`);
process.stdout.write(`${names.length} directives of ${programs.size} engines\n`);
