import { Config } from "@oclif/core/config";
import { settings } from "@oclif/core/settings";
import { packageRoot } from "../core/package-root.ts";
import type { Mode, PackageJson } from "./main.ts";

/**
 * oclif's view of the commands. In source mode it reads `commands/*.ts` themselves: its own way of finding sources asks
 * the TypeScript package for an API that TypeScript 7 does not have, and then quietly runs an old build.
 */
export async function loadConfig(mode: Mode, pjson: PackageJson): Promise<Config> {
  settings.enableAutoTranspile = false;
  return Config.load({ root: packageRoot(), pjson: pjsonFor(mode, pjson), ignoreManifest: mode === "source" });
}

/** Our package.json as oclif is to see it: with the commands of that mode. */
export function pjsonFor(mode: Mode, pjson: PackageJson) {
  const commands = { strategy: "pattern" as const, target: mode === "source" ? "./commands" : "./dist/commands" };
  return { ...pjson, oclif: { ...pjson.oclif, commands } };
}
