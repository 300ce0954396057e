import { spawn } from "node:child_process";
import { join } from "node:path";
import { ENGINE_ROOT } from "./engines.ts";
import type { TestLab } from "./lab.ts";
import { until } from "./until.ts";

/** A command that a server was given, word by word. */
export type Command = readonly string[];

/** Everything that the data nodes of a lab without passwords are asked from now on, by instance. */
export async function monitorLab(lab: TestLab): Promise<{ seen: ReadonlyMap<string, Command[]>; stop(): void }> {
  const nodes = lab.status.processes.filter(({ service }) => service === "redis");
  const seen = new Map(nodes.map(({ id }): [string, Command[]] => [id, []]));
  const children = nodes.map(({ id, address, port }) => {
    const program = join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli");
    const child = spawn(program, ["-h", address, "-p", String(port), "MONITOR"]);
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      const lines = (text + chunk.toString()).split("\n");
      text = lines.pop() ?? "";
      seen.get(id)?.push(...lines.map(wordsOf));
    });
    return child;
  });
  await until(async () => [...seen.values()].every((lines) => lines.length > 0));
  return { seen, stop: () => void children.map((child) => child.kill()) };
}

/** `1795226315.46 [0 127.0.0.1:5000] "GET" "a b"`: the words in quotes. */
function wordsOf(line: string): Command {
  return [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word = ""]) => word);
}
