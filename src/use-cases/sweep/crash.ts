import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { RedishaError } from "../../core/errors.ts";
import { packagePath } from "../../core/package-root.ts";
import { type Performance, perform } from "./perform.ts";

const FILE = "performance.json";

/** Performs in a process of its own, the whole program, that ends by its own kill -9. Fails with SWEEP_NOT_KILLED. */
export async function crash(performance: Performance): Promise<void> {
  const file = join(performance.directory, FILE);
  await writeFile(file, JSON.stringify(performance));
  // From source files there is no bundle to start, and in an installed package no source.
  const program = import.meta.url.includes("/dist/") ? "run.js" : "dev.js";
  const child = spawn(process.execPath, [packagePath("bin", program), "runbook", "crash", file], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (_code, by) => resolve(by));
  });
  if (signal === "SIGKILL") return;
  throw new RedishaError({
    code: "SWEEP_NOT_KILLED",
    message: `The run reached its end before moment ${performance.killAt}: ${said.trim().slice(-500)}`,
  });
}

/** What the process does that `crash` starts. */
export async function crashChild(file: string): Promise<void> {
  // Written by `crash`, with the code that reads it: no boundary to check.
  await perform(JSON.parse(await readFile(file, "utf8")) as Performance);
}
