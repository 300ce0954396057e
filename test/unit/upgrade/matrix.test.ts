import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { linesToKeep } from "../../../src/upgrade/kept-behaviour.ts";
import { decideBack, decideBackByBackup, decideBackUnder, decideUpgrade } from "../../../src/upgrade/matrix.ts";
import { isRelease, type Release } from "../../../src/upgrade/release.ts";
import { wayBack } from "../../../src/upgrade/way-back.ts";

/** `redis 7.0.15` */
function release(text: string): Release {
  const [engine = "", version = ""] = text.split(" ");
  return { engine, version };
}

const SERIES = [
  ...["6.0.16", "6.2.14", "7.0.15", "7.2.4", "7.4.1", "8.0.2", "8.6.0"].map((version) => `redis ${version}`),
  ...["7.2.8", "8.0.1", "8.1.1", "9.0.0", "9.1.2"].map((version) => `valkey ${version}`),
];
const anyRelease = fc.constantFrom(...SERIES).map(release);

describe("the upgrade matrix", () => {
  it.each([
    ["redis 6.0.16", "redis 7.0.15", { from: 9, to: 10 }, true],
    ["redis 7.0.15", "redis 8.0.2", { from: 10, to: 12 }, true],
    ["redis 7.0.14", "redis 7.0.15", { from: 10, to: 10 }, false],
    ["redis 7.0.15", "valkey 8.1.1", { from: 10, to: 11 }, true],
    ["redis 6.0.16", "valkey 8.0.1", { from: 9, to: 11 }, true],
    ["valkey 8.1.1", "valkey 9.1.2", { from: 11, to: 80 }, false],
    ["valkey 8.0.1", "valkey 8.1.1", { from: 11, to: 11 }, false],
  ])("allows %s to %s, and knows its formats and whether it commits", (from, to, rdb, commits) => {
    expect(decideUpgrade(release(from), release(to))).toMatchObject({ allowed: true, rdb, commits });
  });

  it.each([
    ["redis 8.0.2", "redis 7.0.15", "UPGRADE_IS_DOWNGRADE", /RDB 12, Redis 7.0.15 reads up to 10/],
    ["redis 7.0.15", "redis 6.0.16", "UPGRADE_IS_DOWNGRADE", /set-proc-title/],
    ["redis 7.0.15", "redis 7.0.14", "UPGRADE_IS_DOWNGRADE", /is a downgrade/],
    ["valkey 9.1.2", "valkey 8.1.1", "UPGRADE_IS_DOWNGRADE", /is a downgrade/],
    ["redis 8.0.2", "valkey 8.1.1", "UPGRADE_FOREIGN_FORMAT", /RDB 12, which no Valkey reads/],
    ["redis 7.4.1", "valkey 9.1.2", "UPGRADE_FOREIGN_FORMAT", /RDB 12, which no Valkey reads/],
    ["valkey 9.1.2", "redis 8.0.2", "UPGRADE_FOREIGN_FORMAT", /RDB 80 .* no Redis reads/],
    ["valkey 8.1.1", "redis 8.0.2", "UPGRADE_OTHER_PROJECT", /no way back/],
    ["redis 6.0.16", "redis 8.0.2", "UPGRADE_SKIPS_SERIES", /jump over redis 7.x/],
    ["valkey 7.2.8", "valkey 9.1.2", "UPGRADE_SKIPS_SERIES", /jump over valkey 8.x/],
    ["redis 7.0.15", "valkey 9.1.2", "UPGRADE_SKIPS_SERIES", /jump over valkey 8.x/],
    ["keydb 6.3.4", "redis 7.0.15", "UPGRADE_UNKNOWN_RELEASE", /Keydb 6.3.4 is not known/],
    ["redis 3.2.0", "redis 4.0.0", "UPGRADE_UNKNOWN_RELEASE", /Redis 3.2.0 is not known/],
  ])("refuses %s to %s, and says why", (from, to, code, reason) => {
    const decision = decideUpgrade(release(from), release(to));
    expect(decision).toMatchObject({ allowed: false, code });
    expect(decision.allowed ? "" : decision.reason).toMatch(reason);
  });

  it("never allows both a step and the step back", () => {
    fc.assert(
      fc.property(anyRelease, anyRelease, (from, to) => {
        fc.pre(!isRelease(from, to));
        expect(decideUpgrade(from, to).allowed && decideUpgrade(to, from).allowed).toBe(false);
      }),
    );
  });

  it("brings a replica back under a primary that runs the older release still, whatever the formats are", () => {
    const [from, to] = [release("redis 8.0.2"), release("redis 7.0.15")];
    expect(decideBack(from, to).allowed).toBe(false);
    expect(decideBackUnder(from, to)).toMatchObject({ allowed: true, rdb: { from: 12, to: 10 }, commits: false });
    expect(decideBackUnder(release("keydb 6.3.4"), to)).toMatchObject({ allowed: false });
  });

  it.each([
    ["redis 8.0.2", "redis 7.0.15", true],
    ["redis 8.0.2", "redis 6.0.16", true],
    ["valkey 8.1.1", "redis 7.0.15", true],
    ["valkey 9.1.2", "valkey 8.1.1", true],
    ["redis 7.0.15", "redis 7.0.14", "ROLLBACK_WITHOUT_LOSS"],
    ["valkey 8.1.1", "valkey 8.0.1", "ROLLBACK_WITHOUT_LOSS"],
    ["redis 7.0.15", "redis 8.0.2", "UPGRADE_IS_DOWNGRADE"],
    ["redis 7.0.15", "valkey 8.1.1", "UPGRADE_IS_DOWNGRADE"],
    ["keydb 6.3.4", "redis 6.0.16", "UPGRADE_UNKNOWN_RELEASE"],
  ])("brings %s back to %s by a backup only where that is a way, and the only one", (from, to, how) => {
    const decision = decideBackByBackup(release(from), release(to));
    expect(decision.allowed ? true : decision.code).toBe(how);
  });

  it("says of every refusal why, in a sentence", () => {
    fc.assert(
      fc.property(anyRelease, anyRelease, (from, to) => {
        const decision = decideUpgrade(from, to);
        if (!decision.allowed) expect(decision.reason).toMatch(/^[A-Z].{20,}\.$/);
      }),
    );
  });

  it("calls an upgrade a commitment wherever the older one cannot read what the newer one writes, but for Valkey 9", () => {
    fc.assert(
      fc.property(anyRelease, anyRelease, (from, to) => {
        const decision = decideUpgrade(from, to);
        if (!decision.allowed) return;
        const reads = decision.rdb.to <= decision.rdb.from || (from.engine === "valkey" && from.version >= "8");
        if (!reads) expect(decision.commits).toBe(true);
      }),
    );
  });
});

describe("the way back", () => {
  it.each([
    ["valkey 9.1.2", "valkey 8.1.1", "rolling"],
    ["redis 8.0.6", "redis 8.0.2", "rolling"],
    ["redis 8.0.2", "redis 7.0.15", "backup"],
    ["redis 7.0.15", "redis 6.0.16", "backup"],
    ["redis 6.2.14", "redis 6.0.16", "backup"],
    ["valkey 8.1.1", "redis 7.0.15", "backup"],
  ])("from %s to %s is by %s", (newer, older, by) => {
    expect(wayBack(release(newer), release(older)).by).toBe(by);
  });

  it("warns of fields that expire, which keep Valkey 8 from following", () => {
    expect(wayBack(release("valkey 9.1.2"), release("valkey 8.1.1")).unless).toMatch(/time to live/);
  });
});

describe("going back, behind the switchover", () => {
  it.each([
    ["valkey 9.1.2", "valkey 8.1.1"],
    ["redis 7.0.15", "redis 7.0.14"],
  ])("from %s to %s is allowed", (from, to) => {
    expect(decideBack(release(from), release(to))).toMatchObject({ allowed: true, commits: false });
  });

  it.each([
    ["redis 8.0.2", "redis 7.0.15", /RDB 12, Redis 7.0.15 reads up to 10. Only a backup/],
    ["valkey 8.1.1", "redis 7.0.15", /RDB 11, Redis 7.0.15 reads up to 10. Only a backup/],
    ["redis 7.0.15", "redis 6.0.16", /set-proc-title/],
    ["redis 7.0.15", "redis 8.0.2", /not older/],
    ["valkey 8.1.1", "valkey 7.0.15", /not known/],
  ])("from %s to %s is refused, and says why", (from, to, reason) => {
    const decision = decideBack(release(from), release(to));
    expect(decision.allowed ? "" : decision.reason).toMatch(reason);
  });
});

describe("a wanted release", () => {
  it("may leave out what does not matter", () => {
    expect(isRelease(release("redis 7.0.15"), release("redis 7.0"))).toBe(true);
    expect(isRelease(release("redis 7.0.15"), release("redis 7.0.1"))).toBe(false);
    expect(isRelease(release("valkey 8.0.1"), release("redis 8.0"))).toBe(false);
  });
});

describe("files of an older release", () => {
  it.each([
    ["redis 6.0.16", "redis 7.0.15", ["acl-pubsub-default allchannels"]],
    ["redis 6.2.14", "valkey 8.1.1", ["acl-pubsub-default allchannels"]],
    ["redis 7.0.15", "redis 8.0.2", []],
    ["valkey 8.1.1", "valkey 9.1.2", []],
  ])("from %s keep the rights on channels that they gave, in %s", (from, to, lines) => {
    expect(linesToKeep(release(from), release(to))).toEqual(lines);
  });
});
