import { spawn } from "node:child_process";

/** How long what ssh said at its end may take to arrive. */
const LAST_WORDS_MS = 300;

/** Runs the ssh program to its end, without input. Its messages come in English whatever the user's language is. */
export function ssh(args: readonly string[], signal?: AbortSignal): Promise<{ code: number | null; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn("ssh", args, {
      stdio: ["ignore", "ignore", "pipe"],
      env: sshEnvironment(),
      ...(signal ? { signal } : {}),
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    child.once("error", reject);
    // Not `close`: a connection that goes on in the background may hold the pipe open.
    child.once("exit", (code) => {
      const done = () => {
        child.stderr.destroy();
        resolve({ code, stderr });
      };
      if (code === 0 || child.stderr.readableEnded) return done();
      child.stderr.once("end", done);
      setTimeout(done, LAST_WORDS_MS).unref();
    });
  });
}

export function sshEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C" };
}
