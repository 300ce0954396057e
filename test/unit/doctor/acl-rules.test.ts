import { describe, expect, it } from "vitest";
import { mayRun } from "../../../src/doctor/acl-rules.ts";

describe("rules of an ACL user", () => {
  it.each([
    [["-@all", "+slaveof"], "slaveof", true],
    [["+@all", "-slaveof"], "slaveof", false],
    [["-@all", "+config|rewrite"], "config|rewrite", true],
    [["-@all", "+config"], "config|rewrite", true],
    [["-@all", "+config|get"], "config|rewrite", false],
    [["+@all", "-@dangerous"], "slaveof", undefined],
    [["+@all", "-@dangerous", "+slaveof"], "slaveof", true],
    [["-@all", "-@dangerous"], "slaveof", false],
    [[], "ping", false],
  ] as const)("%j and %s: %s", (rules, command, may) => {
    expect(mayRun(rules, command)).toBe(may);
  });
});
