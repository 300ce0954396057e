import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readInvocation } from "../../../src/cli/invocation.ts";
import { shortAge, shortBytes, shortCount } from "../../../src/cli/output/format.ts";
import { openScreen } from "../../../src/cli/output/screen.ts";
import { colourLevel, isUtf8 } from "../../../src/cli/output/streams.ts";
import { renderTable } from "../../../src/cli/output/table.ts";
import { displayWidth, oneLine, truncate, truncateMiddle, wrap } from "../../../src/cli/output/text.ts";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";

describe("colour", () => {
  it.each([
    ["a terminal has it", true, { TERM: "xterm" }, 1],
    ["a terminal of 256 colours has them", true, { TERM: "xterm-256color" }, 2],
    ["a pipe has none", false, { TERM: "xterm" }, 0],
    ["NO_COLOR takes it away", true, { TERM: "xterm", NO_COLOR: "1" }, 0],
    ["an empty NO_COLOR means nothing", true, { TERM: "xterm", NO_COLOR: "" }, 1],
    ["NO_COLOR wins over FORCE_COLOR", false, { NO_COLOR: "1", FORCE_COLOR: "1" }, 0],
    ["FORCE_COLOR brings it into a pipe", false, { FORCE_COLOR: "3" }, 3],
    ["FORCE_COLOR=0 takes it away", true, { TERM: "xterm", FORCE_COLOR: "0" }, 0],
    ["a dumb terminal has none", true, { TERM: "dumb" }, 0],
  ])("%s", (_, isTty, env, level) => {
    expect(colourLevel(isTty, env)).toBe(level);
  });
});

describe("the locale", () => {
  it("is UTF-8 only where it says so, LC_ALL before LANG", () => {
    expect(isUtf8({ LANG: "de_DE.UTF-8" })).toBe(true);
    expect(isUtf8({ LANG: "C.utf8" })).toBe(true);
    expect(isUtf8({ LANG: "de_DE.UTF-8", LC_ALL: "C" })).toBe(false);
    expect(isUtf8({})).toBe(false);
  });
});

describe("a table", () => {
  const columns = [
    { header: "NAME", shrinkTo: 6, cut: "middle" as const },
    { header: "N", align: "right" as const },
    { header: "TEXT", shrinkTo: 5 },
    { header: "EXTRA", dropOrder: 1 },
  ];

  it("cuts what may be cut, then leaves columns out, and never breaks a row", () => {
    const rows = [["redis-eu-west-1a:6379", "12", "some words of text", "more"]];
    expect(renderTable(columns, rows, { theme: PLAIN_THEME, width: 30 })).toMatchInlineSnapshot(`
      "NAME       N  TEXT       EXTRA
      red…6379  12  some wor…  more"
    `);
    expect(renderTable(columns, rows, { theme: PLAIN_THEME, width: 18 })).toMatchInlineSnapshot(`
      "NAME     N  TEXT
      re…379  12  some…"
    `);
  });

  it("is never wider than allowed and has a line for each row, whatever stands in the cells", () => {
    const cell = fc.string({ unit: "grapheme", maxLength: 40 }).map(oneLine);
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            cell,
            cell.map((text) => text.slice(0, 3)),
            cell,
            cell,
          ),
          { maxLength: 5 },
        ),
        fc.integer({ min: 24, max: 120 }),
        (rows, width) => {
          const lines = renderTable(columns, rows, { theme: PLAIN_THEME, width }).split("\n");
          expect(lines).toHaveLength(rows.length + 1);
          for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        },
      ),
    );
  });
});

describe("text", () => {
  it("is cut to its width with an ellipsis, at the end or in the middle", () => {
    expect(truncate("abcdefgh", 5, "…")).toBe("abcd…");
    expect(truncateMiddle("host-of-mine:6379", 11, "…")).toBe("host-…:6379");
    expect(truncate("短い文字列", 5, "…")).toBe("短い…");
  });

  it("is wrapped at spaces, and a long word stays whole to be copied", () => {
    expect(wrap("see /a/very/long/path/that/must/stay now", 12, "> ", "  ")).toBe(
      "> see\n  /a/very/long/path/that/must/stay\n  now",
    );
  });

  it("of a server cannot move the cursor", () => {
    expect(oneLine("a\u001b[31mred\u001b[0m\r\nb\u0000\u0085c")).toBe("ared b c");
  });
});

describe("short figures", () => {
  it("stay within five or six characters, whatever the value", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), (value) => {
        expect(shortBytes(value).length).toBeLessThanOrEqual(5);
        expect(shortCount(Math.min(value, 1e9)).length).toBeLessThanOrEqual(6);
      }),
    );
  });

  it("read as an operator expects", () => {
    expect([0, 999, 1023, 1024, 1_288_490_189, 1023 * 1024 ** 2].map(shortBytes)).toMatchInlineSnapshot(`
      [
        "0",
        "999B",
        "1K",
        "1K",
        "1.2G",
        "1G",
      ]
    `);
    expect([0, 999, 1_000, 99_949, 99_950, 999_949, 999_950].map(shortCount)).toMatchInlineSnapshot(`
      [
        "0",
        "999",
        "1k",
        "99.9k",
        "100k",
        "1M",
        "1M",
      ]
    `);
    expect([0, 59, 60, 3_599, 3_600, 86_400 * 3].map(shortAge)).toMatchInlineSnapshot(`
      [
        "0s",
        "59s",
        "1m",
        "59m",
        "1h",
        "3d",
      ]
    `);
  });
});

describe("a screen", () => {
  it("cuts what is taller than the terminal, says so, and gives the cursor back once", () => {
    const written: string[] = [];
    const screen = openScreen({ columns: 80, write: (text) => written.push(text) }, () => 5);
    screen.draw("a\nb\nc\nd\ne\nf\n");
    screen.end();
    screen.end();
    expect(written[1]).toContain("(3 more lines)");
    expect(written[1]?.split("\n")).toHaveLength(5);
    expect(written.slice(2)).toEqual(["\u001b[?25h"]);
  });

  it("counts the rows that a line wider than the terminal takes, so that its top never scrolls off", () => {
    const written: string[] = [];
    const screen = openScreen({ columns: 10, write: (text) => written.push(text) }, () => 6);
    screen.draw(`a\n${"b".repeat(25)}\nc\nd\n`);
    expect(written[1]).toContain("(2 more lines)");
    expect(written[1]).not.toContain("c\u001b");
  });
});

describe("a screen that is too low", () => {
  it("draws the shorter text, only then", () => {
    const written: string[] = [];
    const screen = openScreen({ columns: 80, write: (text) => written.push(text) }, () => 4);
    screen.draw("a\nb\nc", () => "short");
    screen.draw("a\nb\nc\nd", () => "short");
    expect(written[1]).not.toContain("short");
    expect(written[2]).toContain("short");
  });
});

describe("how a call wants to be answered", () => {
  it.each([
    [["--json"], "json"],
    [["-o", "yaml"], "yaml"],
    [["-o=jsonl"], "jsonl"],
    [["-ojson"], "json"],
    [["--output=wide"], "wide"],
    [["--wide"], "wide"],
    [["--", "--json"], "table"],
    [["-o", "nonsense"], "table"],
    [[], "table"],
  ])("is read from %j before flags are parsed", (argv, format) => {
    expect(readInvocation(argv).format).toBe(format);
  });
});
