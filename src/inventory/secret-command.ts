import { spawn } from "node:child_process";
import { dirname } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { formatDuration } from "../core/units.ts";
import type { Surroundings } from "./paths.ts";

/** No password is longer; a program that prints more is the wrong one. */
const MOST_OUTPUT = 64 * 1024;

/**
 * What a program prints on stdout. No shell is between; it runs in the directory of redisha.yaml and keeps the terminal,
 * so that it may ask for a PIN there. Its stderr is thrown away: it may repeat the secret. Fails with
 * SECRET_COMMAND_FAILED where it cannot be started, fails, prints too much, or takes longer than its time.
 */
export function printedBy(
  argv: readonly string[],
  { around, timeoutMs }: { readonly around: Surroundings; readonly timeoutMs: number },
): Promise<string> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: dirname(around.file),
      env: around.env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    const giveUp = (why: string) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      // Something it started may hold the pipe open; nobody listens any more.
      child.stdout.destroy();
      child.unref();
      reject(failed(program, why));
    };
    const timer = setTimeout(() => giveUp(`did not finish within ${formatDuration(timeoutMs)}`), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > MOST_OUTPUT) giveUp(`printed more than ${MOST_OUTPUT / 1024} KiB`);
    });
    child.on("error", (error: NodeJS.ErrnoException) => giveUp(`could not be started (${error.code ?? "unknown"})`));
    child.on("close", (code, signal) => {
      if (code !== 0) return giveUp(code === null ? `was ended by ${signal}` : `ended with status ${code}`);
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString("utf8"));
    });
  });
}

function failed(program: string, why: string): RedishaError {
  return new RedishaError({
    code: "SECRET_COMMAND_FAILED",
    message: `the command that prints a secret, ${program}, ${why}`,
    exit: EXIT.usage,
    state: "nothing was sent anywhere",
    next: ["run it by hand to see what it says; its messages are not shown here, they may hold the secret"],
  });
}
