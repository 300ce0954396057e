import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isCredential, parsePairs, parseRecords } from "../../../src/actions/observe/parse.ts";

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/).filter((text) => !isCredential(text));
const value = fc.stringMatching(/^[!-~]{0,20}$/);

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
