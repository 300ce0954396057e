import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readRecipients } from "../../src/repository/age/recipients.ts";
import { packFile } from "../../src/repository/pipeline/pack-file.ts";
import { verifyStored } from "../../src/repository/pipeline/unpack-file.ts";
import { noise, scratchFolder, withStore } from "../support/stores.ts";

const GB = 1024 ** 3;
const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
let scratch: ReturnType<typeof scratchFolder>;
beforeAll(() => {
  scratch = scratchFolder();
});
afterAll(() => scratch.remove());

function residentMb(): number {
  return Number(/^VmRSS:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;
}

it("carries a gigabyte there and back without keeping it", async () => {
  const recipients = await readRecipients([RECIPIENT]);
  await withStore({ repository: join(scratch.path, "store") }, async (store) => {
    const before = residentMb();
    let most = before;
    const watch = setInterval(() => {
      most = Math.max(most, residentMb());
    }, 50);
    const began = performance.now();
    const packing = { compression: 3, ...(recipients ? { recipients } : {}) };
    const file = await packFile(store, "b/", noise(GB), packing, { name: "dump.rdb", kind: "rdb", estimate: GB });
    const packed = performance.now();
    await verifyStored(store, "b/", file);
    const verified = performance.now();
    clearInterval(watch);
    process.stdout.write(
      `1 GiB: packed in ${Math.round(packed - began)} ms, read back in ${Math.round(verified - packed)} ms, resident ${Math.round(before)} MB before, ${Math.round(most)} MB at most\n`,
    );
    expect(most - before).toBeLessThan(200);
  });
});
