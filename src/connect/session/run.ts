import type { ExecOptions, ExecResult, ExecStream } from "../types.ts";
import { DEFAULT_MAX_OUTPUT, Execution } from "./execution.ts";
import { Kept } from "./kept.ts";
import type { Launcher, LaunchSpec } from "./launcher.ts";
import { Outlet } from "./outlet.ts";

/** Runs a command to its end. A timeout or an abort ends its whole process group on the host before this rejects. */
export async function run(launcher: Launcher, spec: LaunchSpec, options: ExecOptions): Promise<ExecResult> {
  const output = new Kept(options.maxOutput ?? DEFAULT_MAX_OUTPUT);
  const { stdout, done } = await new Execution(launcher, spec, options).start();
  stdout.on("data", (chunk: Buffer) => {
    output.add(chunk);
    options.onStdout?.(chunk);
  });
  const result = await done;
  return { ...result, stdout: output.text(), truncated: result.truncated || output.truncated };
}

/** Runs a command whose output is read as a stream. Abandoning the stream ends the process group too. */
export async function stream(launcher: Launcher, spec: LaunchSpec, options: ExecOptions): Promise<ExecStream> {
  const abandoned = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, abandoned.signal]) : abandoned.signal;
  const { stdout, done } = await new Execution(launcher, spec, { ...options, signal }).start();
  const outlet = new Outlet(stdout, done, () => abandoned.abort(), options.onStdout);
  // Whoever looks only at one of the two learns of a failure there.
  outlet.on("error", () => undefined);
  done.catch(() => undefined);
  return { stdout: outlet, done };
}
