#!/usr/bin/env -S node --min-semi-space-size=12 --max-semi-space-size=12
// Room for 12 MiB of young objects from the start: growing to it step by step costs a short program a fifth of its time.
// And no more than that: V8 would take twice as much for a transfer that has no use for it.
import { existsSync } from "node:fs";
import module from "node:module";
import { withNode } from "./with-node.js";

await withNode([22, 13], async () => {
  const entry = new URL("../dist/main.js", import.meta.url);
  if (!existsSync(entry)) {
    process.stderr.write("Error NOT_BUILT: this copy of redisha was not built\nNext: npm run build\n");
    return 1;
  }
  module.enableCompileCache();
  const { main } = await import(entry.href);
  return main(process.argv.slice(2), "dist");
});
