import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Rights, rightsMissing, rightsMoved } from "../../../src/upgrade/acl-rights.ts";
import type { Release } from "../../../src/upgrade/release.ts";

const OLD: Release = { engine: "redis", version: "6.0.16" };
const SEVEN: Release = { engine: "redis", version: "7.0.15" };
const EIGHT: Release = { engine: "redis", version: "8.0.2" };
const VALKEY: Release = { engine: "valkey", version: "9.1.2" };

function user(rules: string, channels: readonly string[] = []): Rights {
  return { name: "shop", on: true, commands: rules.split(" "), channels };
}

/** As redisha's own documentation gives them for 7.0 and later. */
const SENTINEL =
  "-@all +ping +info +subscribe +publish +multi +exec +slaveof +config|rewrite +client|setname +client|kill +script|kill";

describe("what another release makes of the rules of a user", () => {
  it("tells dangerous commands that a category takes in there, and counts the others", () => {
    const [moved] = rightsMoved([user("+@all -@admin")], OLD, SEVEN);
    expect(moved).toMatchObject({ lost: ["role"], dangerous: ["sort_ro"] });
    expect(moved?.gained).toBeGreaterThan(10);
  });

  it("says nothing of a user that may do everything, and of one whose commands are named one by one", () => {
    expect(rightsMoved([user("+@all"), user("-@all +get +set")], OLD, EIGHT)).toEqual([]);
  });

  it("tells what a user loses, whose category does not have it there any more", () => {
    const moved = rightsMoved([user("-@all +@keyspace"), user("-@all +@read")], OLD, SEVEN);
    expect(moved[0]?.lost).toEqual(["asking", "readonly", "readwrite", "select", "wait"]);
    expect(moved[1]?.lost).toEqual(expect.arrayContaining(["echo", "memory|doctor", "role", "time"]));
    expect(rightsMoved([user("-@all +@all -@dangerous +client|setname")], SEVEN, EIGHT)).toEqual([
      { name: "shop", lost: [], dangerous: [], gained: 13 },
    ]);
  });

  it("never finds anything between a release and itself", () => {
    const rule = fc.constantFrom(
      "+@all",
      "-@all",
      "+@read",
      "-@dangerous",
      "+get",
      "-keys",
      "+config|get",
      "-config",
      "+client",
    );
    fc.assert(
      fc.property(fc.array(rule), fc.constantFrom(OLD, SEVEN, EIGHT, VALKEY), (rules, release) => {
        expect(rightsMoved([user(rules.join(" "))], release, release)).toEqual([]);
      }),
    );
  });
});

describe("what a login lacks for its duty", () => {
  it("is nothing for the least rights that are known to work", () => {
    expect(rightsMissing(user(SENTINEL, ["&__sentinel__:hello"]), "sentinel", SEVEN, false)).toEqual([]);
    expect(rightsMissing(user("-@all +psync +replconf +ping"), "replication", EIGHT, false)).toEqual([]);
    expect(rightsMissing(user("+@all"), "sentinel", SEVEN, true)).toEqual([]);
    expect(
      rightsMissing(
        user("-@all +ping +info +subscribe +publish +multi +exec +slaveof +config +client"),
        "sentinel",
        OLD,
        false,
      ),
    ).toEqual([]);
  });

  it("is the channel of Sentinels from 7.0 on, unless channels are open by default, and what was never allowed", () => {
    expect(rightsMissing(user(SENTINEL), "sentinel", SEVEN, false)).toEqual(["&__sentinel__:hello"]);
    expect(rightsMissing(user(SENTINEL), "sentinel", SEVEN, true)).toEqual([]);
    expect(rightsMissing(user(SENTINEL), "sentinel", OLD, false)).toEqual([]);
    expect(rightsMissing(user("+@all -@dangerous"), "replication", SEVEN, false)).toEqual(["+replconf", "+psync"]);
    expect(rightsMissing(user("+@all -config", ["&*"]), "sentinel", SEVEN, false)).toEqual(["+config|rewrite"]);
  });
});
