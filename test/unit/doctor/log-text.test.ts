import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readLog } from "../../../src/actions/doctor/log-text.ts";

const since = (text: string) => ({ sinceMs: Date.parse(text), zone: "+0100" });

describe("the log of a server", () => {
  it("is read with times of its host's zone, in a file and in the journal", () => {
    const text = [
      "77:S 21 Nov 2026 12:30:01.123 * Connecting to MASTER 192.0.2.1:6379",
      "1795260601.500000 r1 redis-server[77]: 77:S 21 Nov 2026 12:30:02.000 # Error condition on socket for SYNC",
      "1795260603.500000 r1 systemd[1]: redis-server.service: Main process exited, code=killed, status=9/KILL",
      "  `-._    `-._  a logo",
    ].join("\n");
    expect(readLog(text, since("2026-11-21T11:00:00Z")).map(({ text, last_at }) => [last_at, text])).toEqual([
      ["2026-11-21T11:30:01.123Z", "Connecting to MASTER 192.0.2.1:6379"],
      ["2026-11-21T11:30:02.000Z", "Error condition on socket for SYNC"],
      [
        new Date(1_795_260_603_500).toISOString(),
        "redis-server.service: Main process exited, code=killed, status=9/KILL",
      ],
    ]);
  });

  it("leaves out what is older, and tells what differs only in numbers once, with the first and the last time", () => {
    const line = (clock: string, port: number) =>
      `7:M 21 Nov 2026 ${clock} * Full resync requested by replica 192.0.2.2:${port}`;
    const text = [line("09:00:00.000", 1), line("12:00:00.000", 2), line("12:00:05.000", 3)].join("\n");
    expect(readLog(text, since("2026-11-21T10:30:00Z"))).toEqual([
      {
        text: "Full resync requested by replica 192.0.2.2:3",
        times: 2,
        first_at: "2026-11-21T11:00:00.000Z",
        last_at: "2026-11-21T11:00:05.000Z",
      },
    ]);
  });

  it("is never more than its last few hundred lines, and nothing in it throws", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: "binary" })), (texts) => {
        const lines = texts.map(
          (text, at) => `1:M 21 Nov 2026 12:00:00.${String(at % 1000).padStart(3, "0")} * ${text}`,
        );
        expect(readLog(lines.join("\n"), since("2026-11-21T00:00:00Z")).length).toBeLessThanOrEqual(300);
      }),
      { numRuns: 30 },
    );
  });
});
