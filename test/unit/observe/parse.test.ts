import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCredential, parseInfo, parsePairs, parseRecords } from "../../../src/actions/observe/parse.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/).filter((text) => !isCredential(text));
const value = fc.stringMatching(/^[!-~]{0,20}$/);

describe("parseInfo", () => {
  test("gives back every field, whatever its value holds, and no heading", () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (fields) => {
        const lines = Object.entries(fields).map(([key, text]) => `${key}:${text}\r\n`);
        expect(parseInfo(`# Server\r\n${lines.join("")}\r\n# Next: section\r\n`)).toEqual({ ...fields });
      }),
    );
  });

  test("splits at the first colon", () => {
    expect(parseInfo("executable:/a:b/c\r\nslave0:ip=::1,port=1\r\n")).toEqual({
      executable: "/a:b/c",
      slave0: "ip=::1,port=1",
    });
  });
});

describe("parsePairs", () => {
  test("gives back every pair and drops credentials", () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (fields) => {
        const reply = [...Object.entries(fields).flat(), "auth-pass", "hidden", "auth-user", "hidden"];
        expect(parsePairs(reply)).toEqual({ ...fields });
      }),
    );
  });

  test("makes nothing of a reply of another shape", () => {
    for (const reply of [undefined, null, "OK", 1, [], ["odd"]]) expect(parsePairs(reply)).toEqual({});
    expect(parseRecords(null)).toEqual([]);
  });
});

test("directives that hold a credential are known by their names, others are not mistaken for one", () => {
  for (const each of ["requirepass", "masterauth", "tls-key-file-pass", "sentinel-pass"]) {
    expect(isCredential(each)).toBe(true);
  }
  for (const each of ["save", "activedefrag", "maxmemory-policy", "repl-backlog-size", "active-expire-effort"]) {
    expect(isCredential(each)).toBe(false);
  }
});
