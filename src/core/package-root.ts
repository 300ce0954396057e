import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

let found: string | undefined;

/**
 * The directory that holds `package.json`, `runbooks/`, `templates/` and `schemas/`: the same from source files and from
 * the bundle, whose chunks stand at another depth.
 */
export function packageRoot(): string {
  found ??= climb(dirname(fileURLToPath(import.meta.url)));
  return found;
}

/** A path below the package root: `packagePath("runbooks", "status.yaml")`. */
export function packagePath(...parts: string[]): string {
  return join(packageRoot(), ...parts);
}

function climb(from: string): string {
  for (let at = from; ; at = dirname(at)) {
    const file = join(at, "package.json");
    if (existsSync(file) && isOurs(file)) return at;
    if (dirname(at) === at) throw new Error(`no package.json of redisha above ${from}`);
  }
}

function isOurs(file: string): boolean {
  const data: unknown = JSON.parse(readFileSync(file, "utf8"));
  return typeof data === "object" && data !== null && "name" in data && data.name === "redisha";
}
