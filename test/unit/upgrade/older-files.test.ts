import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { olderFile, olderNodes } from "../../../src/upgrade/older-files.ts";

const redis = (version: string) => ({ engine: "redis", version });

describe("files of a newer release for an older one", () => {
  it("lose what the older one does not know, and keep under its old name what was renamed", () => {
    const text = "port 6379\nlatency-tracking-info-percentiles 50 99\nhash-max-listpack-entries 64\nmasterauth x\n";
    expect(olderFile(text, redis("6.0.16"))).toEqual({
      edits: ["2d", "3s/^\\([[:space:]]*\\)[^[:space:]]*/\\1hash-max-ziplist-entries/"],
      dropped: ["latency-tracking-info-percentiles"],
      impossible: [],
    });
    expect(olderFile(text, redis("7.0.15")).edits).toEqual([]);
    expect(olderFile("primaryauth secret", redis("7.0.15")).edits).toEqual([
      "1s/^\\([[:space:]]*\\)[^[:space:]]*/\\1masterauth/",
    ]);
  });

  it("have of Valkey's log of commands what 8.0 knows as that of slow ones", () => {
    const text = "commandlog-execution-slower-than 10000\ncommandlog-slow-execution-max-len 128\nlog-format logfmt\n";
    expect(olderFile(text, { engine: "valkey", version: "8.0.1" })).toMatchObject({
      edits: [
        "1s/^\\([[:space:]]*\\)[^[:space:]]*/\\1slowlog-log-slower-than/",
        "2s/^\\([[:space:]]*\\)[^[:space:]]*/\\1slowlog-max-len/",
        "3d",
      ],
      dropped: ["log-format"],
    });
  });

  it("leave Sentinel what is its own, but for words that came later", () => {
    const text = "sentinel monitor mymaster 10.0.0.1 6379 2\nsentinel resolve-hostnames yes\nsentinel myid 1\n";
    expect(olderFile(text, redis("6.0.16"))).toMatchObject({ edits: ["2d"], dropped: ["sentinel resolve-hostnames"] });
    expect(olderFile(text, redis("7.0.15")).edits).toEqual([]);
  });

  it("have no rules for channels in 6.0, and are refused where a user's rights cannot be said there", () => {
    const edits = olderFile("user app on #ab ~* &* resetchannels +@all", redis("6.0.16")).edits;
    expect(edits).toContain("1s/ &[^ ]*//g");
    expect(edits).toContain("1s/ resetchannels//g");
    const selector = olderFile("user app on #ab %R~a* +get (+set ~b*)", redis("6.0.16"));
    expect(selector.impossible).toEqual(["user app has a selector, or keys to only read or only write"]);
    expect(olderFile("user app on (+set ~b*)", redis("7.0.15")).impossible).toEqual([]);
  });

  it("say nothing of passwords in what is done to them", () => {
    const secret = fc.stringMatching(/^[a-z0-9]{12,20}$/);
    fc.assert(
      fc.property(secret, (password) => {
        const text = `requirepass ${password}\nuser app on >${password} ~* &* +@all\nlocale-collate ${password}`;
        const { edits, dropped } = olderFile(text, redis("6.0.16"));
        expect([...edits, ...dropped].join()).not.toContain(password);
      }),
    );
  });

  it("lose the words of an address that a list of nodes has had since 7.0 and 7.2", () => {
    expect(olderNodes(redis("7.2.4"))).toEqual([]);
    expect(olderNodes({ engine: "valkey", version: "8.1.1" })).toEqual([]);
    expect(olderNodes(redis("7.0.15"))).toHaveLength(2);
    expect(olderNodes(redis("6.0.16"))).toHaveLength(1);
  });
});
