import { readFileSync } from "node:fs";
import { packagePath } from "../core/package-root.ts";

/** `source` runs commands from their TypeScript files, without a build; `dist` from the bundle. */
export type Mode = "source" | "dist";

/**
 * The program: runs one command and returns its exit code. Whatever a command needs is loaded on its way, so that the
 * version is told without loading any of it.
 */
export async function main(argv: readonly string[], mode: Mode): Promise<number> {
  const pjson = readPackage();
  if (argv[0] === "--version" && argv.length === 1) {
    process.stdout.write(`redisha/${pjson.version} ${process.platform}-${process.arch} node-${process.version}\n`);
    return 0;
  }
  checkDataWithoutGeneratedCode();
  const { dispatch } = await import("./dispatch.ts");
  return dispatch(argv, mode, pjson);
}

/**
 * Tells zod, before it is loaded, to walk its schemas instead of generating code for each of them: that takes longer than
 * it ever saves to a program that checks a file or two. It is what `z.config({ jitless: true })` sets, which comes too
 * late for schemas that another module has made by then.
 */
function checkDataWithoutGeneratedCode(): void {
  Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
}

/** What oclif and we read of our own package.json. */
export interface PackageJson {
  readonly name: string;
  readonly version: string;
  readonly oclif: Readonly<Record<string, unknown>>;
}

function readPackage(): PackageJson {
  // Our own file, written with the code that reads it: no boundary to check.
  return JSON.parse(readFileSync(packagePath("package.json"), "utf8")) as PackageJson;
}
