#!/usr/bin/env node
// redisha from its source files, without a build: Node strips the types itself.
import { withNode } from "./with-node.js";

await withNode([22, 18], async () => {
  const { main } = await import("../src/cli/main.ts");
  return main(process.argv.slice(2), "source");
});
