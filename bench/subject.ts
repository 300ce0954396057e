import { delimiter, dirname } from "node:path";
import { packagePath } from "../src/core/package-root.ts";
import type { Contestant } from "./measure.ts";

/** The built redisha as it is installed, with the Node that runs the benches. */
export function redisha(
  name: string,
  ...args: string[]
): Contestant & { readonly env: Readonly<Record<string, string>> } {
  const PATH = [dirname(process.execPath), process.env.PATH].join(delimiter);
  return { name, argv: [packagePath("bin/run.js"), ...args], env: { PATH } };
}
