import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Framing, Payload } from "../../../src/connect/redis/pull/payload.ts";

const mark = Buffer.from("m".repeat(20) + "k".repeat(20));

/** As it is used: what has come whole is whole, and whatever follows goes nowhere. */
async function received(framing: Framing, wire: Buffer, size: number): Promise<Buffer> {
  const count = Math.ceil(wire.length / size);
  const source = Readable.from(Array.from({ length: count }, (_, at) => wire.subarray(at * size, (at + 1) * size)));
  const payload = new Payload(framing, "r2:6379", () => {
    source.unpipe(payload);
    payload.end();
  });
  source.pipe(payload);
  const chunks: Buffer[] = [];
  for await (const chunk of payload) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe("a snapshot that is sent by replication", () => {
  it("comes without the mark behind it, in whichever pieces", async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.integer({ min: 1, max: 90 }),
      async (data, size) => {
        const plain = Buffer.from(data);
        expect(await received({ mark }, Buffer.concat([plain, mark]), size)).toEqual(plain);
        expect(await received({ length: plain.length }, plain, size)).toEqual(plain);
      },
    );
    await fc.assert(property, { numRuns: 60 });
  });

  it("that breaks off is an error, and never a short one", async () => {
    await expect(received({ mark }, Buffer.from("half of it"), 4)).rejects.toMatchObject({
      code: "SNAPSHOT_BROKEN_OFF",
    });
    await expect(received({ length: 100 }, Buffer.from("half of it"), 4)).rejects.toMatchObject({
      code: "SNAPSHOT_BROKEN_OFF",
    });
  });
});
