/**
 * The real program, spawned: `await redisha(["status", "--file", lab.file])`. The global set-up has built it.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagePath } from "../../src/core/package-root.ts";

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Another Node than that of the tests. */
  readonly node?: string;
  /** A key to press once what was shown so far fulfils the condition; until then standard input stays open. */
  readonly press?: { readonly key: string; readonly when: (stdout: string) => boolean };
  /** Texts to type one after the other, each once what was shown since the last one holds `after`. */
  readonly type?: readonly { readonly text: string; readonly after: string }[];
  /** Called as soon as it runs, with a way to send a signal. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
  /** Called with all of stderr so far. */
  readonly onStderr?: (text: string) => void;
  /** Called with all of stdout so far, and a way to send a signal. */
  readonly onStdout?: (text: string, kill: (signal: NodeJS.Signals) => void) => void;
}

const bin = packagePath("bin", "run.js");

/** Runs and debug logs of tests do not belong among those of the user. */
const state = mkdtempSync(join(tmpdir(), "redisha-test-state-"));
process.once("exit", () => rmSync(state, { recursive: true, force: true }));

/** Runs the built program, without a terminal, in an environment of its own: no colour wishes, no deployment chosen. */
export function redisha(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return ended(options.node ?? process.execPath, [bin, ...argv], options);
}

/** Runs the same in a shell, with `redisha` as a function: for pipes. */
export function inShell(script: string, options: RunOptions = {}): Promise<Ended> {
  const define = `redisha() { "${process.execPath}" "${bin}" "$@"; }\n`;
  return ended("bash", ["-c", define + script], options);
}

/** Runs it on a terminal of 30 lines (util-linux's script makes one); what it showed is in `stdout`. */
export function onTerminal(argv: readonly string[], options: RunOptions & { columns?: number } = {}): Promise<Ended> {
  const command = [process.execPath, bin, ...argv].map((word) => `'${word}'`).join(" ");
  const env = { TERM: "xterm", CI: "", ...options.env };
  return ended("script", ["-qec", `stty cols ${options.columns ?? 80} rows 30; exec ${command}`, "/dev/null"], {
    ...options,
    env,
  });
}

function ended(program: string, argv: readonly string[], options: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, argv, { env: { ...environment(), ...options.env } });
    options.onStart?.((signal) => child.kill(signal));
    let stdout = "";
    let stderr = "";
    const typing = [...(options.type ?? [])];
    let shown = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
      options.onStdout?.(stdout, (signal) => child.kill(signal));
      if (options.press?.when(stdout) && child.stdin.writable) child.stdin.end(options.press.key);
      const at = typing[0] ? stdout.indexOf(typing[0].after, shown) : -1;
      if (at !== -1) {
        shown = stdout.length;
        child.stdin.write(typing.shift()?.text ?? "");
      }
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
      options.onStderr?.(stderr);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
    if (options.press === undefined && options.type === undefined) child.stdin.end();
  });
}

function environment(): NodeJS.ProcessEnv {
  const { NO_COLOR, FORCE_COLOR, REDISHA_FILE, REDISHA_DEPLOYMENT, VITEST, NODE_ENV, ...rest } = process.env;
  return { ...rest, LANG: "C.UTF-8", REDISHA_STATE_DIR: state };
}
