import { packagePath } from "../src/core/package-root.ts";
import type { Contestant } from "./measure.ts";

/** The built redisha, by the Node that runs the benches. */
export function redisha(name: string, ...args: string[]): Contestant {
  return { name, argv: [process.execPath, packagePath("bin/run.js"), ...args] };
}
