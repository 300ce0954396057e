import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printAofManifest, readAofManifest } from "../../../src/restore/aof-manifest.ts";
import { AofScanner, type AofTimes } from "../../../src/restore/aof-scanner.ts";
import { parseMoment, showMoment } from "../../../src/restore/moment.ts";
import { refuseUnprovable } from "../../../src/restore/window.ts";

const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
const stamp = (at: number) => `#TS:${at}\r\n`;

async function scan(text: string, until?: number, size = 7): Promise<{ out: string; times: AofTimes }> {
  const bytes = Buffer.from(text);
  const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
    bytes.subarray(n * size, (n + 1) * size),
  );
  const scanner = new AofScanner(until);
  const [out] = await Promise.all([buffer(scanner), pipeline(Readable.from(chunks), scanner)]);
  return { out: out.toString(), times: scanner.times };
}

describe("an increment of an append-only file", () => {
  it("is let through as far as to the first annotation behind the moment, however it is cut into chunks", async () => {
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom("#TS:99\r\n", "*1\r\n", "\r\n", "$5")), {
      minLength: 1,
      maxLength: 4,
    });
    const writes = fc.array(fc.record({ gap: fc.nat(3), words }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(writes, fc.nat(40), fc.integer({ min: 1, max: 30 }), async (list, until, size) => {
        let now = 0;
        let last = -1;
        let all = "";
        let wanted = "";
        for (const { gap, words: argv } of list) {
          now += gap;
          const text = `${now === last ? "" : stamp(now)}${command(...argv)}`;
          last = now;
          all += text;
          if (now <= until) wanted += text;
        }
        const { out, times } = await scan(all, until, size);
        expect(out).toBe(wanted);
        expect(times).toMatchObject({ bytes: Buffer.byteLength(wanted), bad: null, cut: false, unmarked: false });
        expect((await scan(all, undefined, size)).out).toBe(all);
      }),
      { numRuns: 200 },
    );
  });

  it("tells what it cannot date, what goes back in time, what is cut off, and what it is not", async () => {
    expect((await scan(`${command("SET", "a", "1")}${stamp(5)}${command("PING")}`)).times).toMatchObject({
      unmarked: true,
      first: 5,
      last: 5,
    });
    expect((await scan(`${stamp(5)}${stamp(4)}`)).times.disordered).toBe(true);
    expect((await scan(`${stamp(5)}*2\r\n$3\r\nGET\r\n$10\r\nabc`)).times.cut).toBe(true);
    expect((await scan("REDIS0010 and so on\r\n")).times.bad).toContain("begins no command");
  });
});

describe("a moment", () => {
  it("is restored only where the writes up to it can be told from the others", async () => {
    const base = 1_700_000_000;
    const chain = async (text: string, until: number) => ({
      baseCreated: base,
      increments: [(await scan(text, until)).times],
    });
    const text = `${stamp(base + 2)}${command("A")}${stamp(base + 5)}${command("B")}${stamp(base + 9)}${command("C")}`;
    const code = async (at: number, given = text) => {
      try {
        refuseUnprovable(await chain(given, at), at);
        return "restored";
      } catch (error) {
        return error instanceof Error && "code" in error ? error.code : error;
      }
    };
    expect(await code(base - 1)).toBe("PITR_OUTSIDE_WINDOW");
    for (const at of [base, base + 2, base + 4, base + 5, base + 8]) expect(await code(at)).toBe("restored");
    // The last second may not have been over when the file was copied.
    expect(await code(base + 9)).toBe("PITR_OUTSIDE_WINDOW");
    expect(await code(base + 1_000_000)).toBe("PITR_OUTSIDE_WINDOW");
    // A server that rewrites in the second of its last write does not repeat the annotation.
    expect(await code(base + 1, `${command("BAD")}${text}`)).toBe("PITR_NO_TIMESTAMPS");
    expect(await code(base + 3, `${command("A")}${text}`)).toBe("restored");
    expect(await code(base + 3, command("A"))).toBe("PITR_NO_TIMESTAMPS");
    expect(await code(base + 3, `${stamp(base + 2)}${stamp(base + 1)}${stamp(base + 9)}`)).toBe("PITR_DISORDER");
  });

  it("is read with its zone, to the second, and refused in milliseconds or without a zone", () => {
    expect(parseMoment("2026-11-20T10:15:00Z")).toBe(1_795_169_700);
    expect(parseMoment("2026-11-20T11:15:00+01:00")).toBe(1_795_169_700);
    expect(parseMoment("1795169700")).toBe(1_795_169_700);
    expect(showMoment(1_795_169_700)).toBe("2026-11-20T10:15:00Z");
    for (const bad of [
      "1795169700000",
      "2026-11-20T10:15:00",
      "2026-02-30T10:00:00Z",
      "0",
      "yesterday",
      "2026-11-20",
    ]) {
      expect(() => parseMoment(bad), bad).toThrow(expect.objectContaining({ code: "PITR_MOMENT", exit: 2 }));
    }
    expect(() => parseMoment("1795169700000")).toThrow("milliseconds");
  });
});

describe("a manifest of an append-only file", () => {
  it("is read back as it was written, and refused where a server would refuse it", () => {
    const part = fc.record({
      name: fc.string({ minLength: 1, unit: fc.constantFrom("a", "Z", ".", " ", '"', "\\", "-") }),
      seq: fc.nat(),
      type: fc.constant("h" as const),
    });
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        expect(readAofManifest(printAofManifest(parts))).toEqual(parts);
      }),
    );
    const good =
      "file a.1.base.rdb seq 1 type b\nfile a.1.incr.aof seq 1 type i\nfile a.2.incr.aof seq 2 type i startoffset 0\n";
    expect(readAofManifest(good)).toHaveLength(3);
    expect(readAofManifest("file a seq 1 type b\nfile b seq 2 type b\n")).toBeUndefined();
    expect(readAofManifest("file a seq 2 type i\nfile b seq 1 type i\n")).toBeUndefined();
    expect(readAofManifest("file ../../etc/passwd seq 2 type i\n")).toBeUndefined();
    expect(readAofManifest("nonsense\n")).toBeUndefined();
  });
});
