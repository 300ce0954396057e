import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ENGINE_ROOT, type EngineUnderTest } from "./engines.ts";

/** The versions of the engines under test, as they tell themselves. */
export const VERSIONS: Record<EngineUnderTest, string> = {
  "redis-6.0": "6.0.16",
  "redis-7.0": "7.0.15",
  "redis-8.0": "8.0.2",
  "valkey-8.1": "8.1.1",
  "valkey-9.1": "9.1.2",
};

/** Complaints about the machine, what every server says when it starts, and what a Sentinel tells of what it sees. */
const USUAL =
  /overcommit|somaxconn|Transparent|THP|oO0Oo|Configuration loaded|(Redis|Valkey) version=|is starting|Server initialized|TCP backlog|Sentinel ID is|# [+-][a-z]|Diskless rdb transfer, done/i;

/** What a server and a Sentinel say once they listen. */
const LISTENING = /Ready to accept connections|Sentinel ID is/;

/** Servers that run from configuration files as they are, each in a folder of its own. */
export class FromConf {
  readonly #children: ChildProcess[] = [];

  /**
   * Writes the file, starts it and waits until it listens, for a replica complains of a primary that does not yet;
   * gives what reads the warnings of its log so far.
   */
  async start(
    engine: EngineUnderTest,
    kind: "server" | "sentinel",
    folder: string,
    conf: string,
    beside: Readonly<Record<string, string>> = {},
  ): Promise<() => string[]> {
    await mkdir(folder, { recursive: true });
    const file = join(folder, `${kind}.conf`);
    await writeFile(file, conf, { mode: 0o600 });
    for (const [name, text] of Object.entries(beside)) await writeFile(join(folder, name), text, { mode: 0o600 });
    const program = `${engine.split("-")[0]}-${kind}`;
    const child = spawn(join(ENGINE_ROOT, engine, "bin", program), [file], { stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    this.#children.push(child);
    await new Promise<void>((resolve, reject) => {
      const hear = (chunk: Buffer) => {
        log += chunk;
        if (LISTENING.test(log)) resolve();
      };
      for (const stream of [child.stdout, child.stderr]) stream.on("data", hear);
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${program} ended before it listened:\n${log}`)));
    });
    return () => log.split("\n").filter((line) => / # |FATAL|Bad directive/.test(line) && !USUAL.test(line));
  }

  async stop(): Promise<void> {
    for (const child of this.#children.splice(0)) {
      if (child.exitCode !== null) continue;
      child.kill("SIGKILL");
      await once(child, "exit");
    }
  }
}
