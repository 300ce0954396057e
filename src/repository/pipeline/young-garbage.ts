import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Bytes that pass between two collections. More than twice as much as is on its way at a time, some 3 MiB: what lives through two
 * collections counts as old, and is what this is to avoid.
 */
const EVERY = 8 * 1024 * 1024;

let passed = 0;
let collect: ((options: { type: "minor" }) => void) | undefined;

/**
 * To be told of every piece of a stream that has passed. Pieces are young and dead, but V8 does not see how much memory
 * outside its heap they hold until there are 64 MiB more of it, and then goes through everything that lives. Collecting young
 * objects alone takes less than a millisecond, and a transfer needs a third of the memory and less of the processor.
 */
export function freeYoungBuffers(bytes: number): void {
  passed += bytes;
  if (passed < EVERY) return;
  passed = 0;
  collect ??= collector();
  collect({ type: "minor" });
}

/** V8's own `gc`, which Node has a flag for, but no call. */
function collector(): (options: { type: "minor" }) => void {
  setFlagsFromString("--expose-gc");
  try {
    return runInNewContext("gc");
  } finally {
    // Code that is compiled later is cached under the flags that it was compiled with.
    setFlagsFromString("--no-expose-gc");
  }
}
