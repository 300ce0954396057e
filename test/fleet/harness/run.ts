import { spawn } from "node:child_process";

export interface Ended {
  /** 137 where it was ended because its time was up. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** Default: none. */
  readonly timeoutMs?: number;
  /** For standard input, which is empty otherwise. */
  readonly input?: string;
  readonly cwd?: string;
}

/** Runs a program of this machine; whatever it exits with is an answer. Fails only where it cannot be started. */
export function attempt(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: {
        ...process.env,
        PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`,
        LC_ALL: "C.UTF-8",
        DEBIAN_FRONTEND: "noninteractive",
      },
      ...(options.cwd ? { cwd: options.cwd } : {}),
      ...(options.timeoutMs ? { timeout: options.timeoutMs, killSignal: "SIGKILL" } : {}),
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", reject);
    // What it started may live on, and hold what it wrote to.
    child.on("exit", (_code, signal) => {
      if (signal === null) return;
      child.stdout.destroy();
      child.stderr.destroy();
    });
    child.on("close", (code) => resolve({ code: code ?? 137, stdout, stderr }));
    // A program may end without reading what it is given.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** Runs a program of this machine, which must succeed; its standard output without the last line break. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  return succeeded(`${program} ${args.join(" ")}`, await attempt(program, args, options));
}

/** The standard output of what must have succeeded; fails with what it said otherwise. */
export function succeeded(what: string, { code, stdout, stderr }: Ended): string {
  if (code === 0) return stdout.trimEnd();
  const said = [stderr.trim(), stdout.trim()].filter((text) => text !== "").join("\n");
  throw new Error(`${what}\nexited with ${code}: ${said.split("\n").slice(-20).join("\n")}`);
}
