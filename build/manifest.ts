import { readFileSync } from "node:fs";
import type { Interfaces } from "@oclif/core";
import { Plugin } from "@oclif/core/config";
import { settings } from "@oclif/core/settings";
import { pjsonFor } from "../src/cli/load-config.ts";
import type { Mode } from "../src/cli/main.ts";
import { packagePath, packageRoot } from "../src/core/package-root.ts";

/**
 * oclif's manifest of the commands, made with its own API: its command line would bring hundreds of packages. A command
 * that cannot be loaded is an error; oclif itself would leave it out with a warning.
 */
export async function buildManifest(mode: Mode): Promise<Interfaces.Manifest> {
  settings.enableAutoTranspile = false;
  const plugin = new Plugin({
    root: packageRoot(),
    pjson: pjsonFor(mode, JSON.parse(readFileSync(packagePath("package.json"), "utf8"))),
    ignoreManifest: true,
    errorOnManifestCreate: true,
    isRoot: true,
  });
  await plugin.load();
  return plugin.manifest;
}
