import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";

/** Where paths of one redisha.yaml start from, and where its secrets may come from. */
export interface Surroundings {
  /** Absolute path of the redisha.yaml. */
  readonly file: string;
  readonly env: NodeJS.ProcessEnv;
}

/** The absolute form of a path of redisha.yaml: `~` is the home directory, and the rest counts from the file itself. */
export function resolvePath(written: string, { file, env }: Surroundings): string {
  if (written === "~" || written.startsWith("~/")) return join(env.HOME || homedir(), written.slice(1));
  return resolve(dirname(file), written);
}
