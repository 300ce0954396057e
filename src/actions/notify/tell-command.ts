import { spawn } from "node:child_process";
import { formatDuration } from "../../core/units.ts";
import type { News, Patience } from "./news.ts";

/** Runs a program with the news as JSON on its standard input. No shell is between. Fails where it does not end with 0 in time. */
export function tellCommand(argv: readonly string[], news: News, { timeoutMs, signal }: Patience): Promise<void> {
  const [program = "", ...args] = argv;
  const limit = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: {
        ...process.env,
        REDISHA_EVENT: news.event,
        REDISHA_DEPLOYMENT: news.deployment,
        REDISHA_RUN: news.run,
        REDISHA_MESSAGE: news.message,
      },
      stdio: ["pipe", "ignore", "pipe"],
      signal: AbortSignal.any([limit, signal]),
      killSignal: "SIGKILL",
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-1_000);
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(`${JSON.stringify(news)}\n`);
    child.on("error", (error) =>
      reject(limit.aborted ? new Error(`${program} took longer than ${formatDuration(timeoutMs)}`) : error),
    );
    child.on("close", (code) => {
      const words = said.trim().split("\n").at(-1) ?? "";
      if (code === 0) resolve();
      else reject(new Error(`${program} ended with status ${code}${words ? `: ${words}` : ""}`));
    });
  });
}
