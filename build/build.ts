import { globSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { rolldown } from "rolldown";
import { packagePath, packageRoot } from "../src/core/package-root.ts";
import { buildManifest } from "./manifest.ts";

/**
 * Bundles the commands and everything they need into `dist/`: one entry per command, shared code in chunks, heavy
 * libraries in chunks of their own that load only where they are asked for. Then writes oclif's manifest, which spares
 * it from loading every command to find one.
 */
const started = performance.now();
const commands = globSync("commands/**/*.ts", { cwd: packageRoot() }).sort();
const bundle = await rolldown({
  cwd: packageRoot(),
  platform: "node",
  input: {
    main: "src/cli/main.ts",
    "drill-thread": "src/drill/thread.ts",
    ...Object.fromEntries(commands.map((file) => [file.replace(/\.ts$/, ""), file])),
  },
  // ssh2's native parts are optional, and built for another Node where they exist at all: it asks for them in a try.
  external: [/\.node$/, "cpu-features"],
});
const { output } = await bundle.write({
  dir: packagePath("dist"),
  format: "esm",
  minify: true,
  entryFileNames: "[name].js",
  chunkFileNames: "chunks/[name]-[hash].js",
});
await bundle.close();

// Old files go after the new ones have come, so that a redisha that runs meanwhile finds its parts.
const fresh = new Set(output.map((file) => file.fileName));
for (const file of globSync("**/*.js", { cwd: packagePath("dist") })) {
  if (!fresh.has(file)) await rm(packagePath("dist", file), { force: true });
}

await writeFile(packagePath("oclif.manifest.json"), `${JSON.stringify(await buildManifest("dist"))}\n`);

const kilobytes = Math.round(
  output.reduce((sum, part) => sum + (part.type === "chunk" ? part.code.length : 0), 0) / 1024,
);
process.stdout.write(
  `dist/: ${commands.length} commands, ${output.length} files, ${kilobytes} KiB, ${Math.round(performance.now() - started)} ms\n`,
);
