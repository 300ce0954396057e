import type { Interfaces } from "@oclif/core";
import { Plugin } from "@oclif/core/config";
import { settings } from "@oclif/core/settings";
import { packageRoot } from "../src/core/package-root.ts";

/** oclif's manifest of the built commands, made with its own API: its command line would bring hundreds of packages. */
export async function buildManifest(): Promise<Interfaces.Manifest> {
  settings.enableAutoTranspile = false;
  const plugin = new Plugin({
    root: packageRoot(),
    ignoreManifest: true,
    errorOnManifestCreate: true,
    isRoot: true,
  });
  await plugin.load();
  return plugin.manifest;
}
