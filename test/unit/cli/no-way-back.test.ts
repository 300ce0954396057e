import { describe, expect, it } from "vitest";
import { withUnfinished } from "../../../src/cli/upgrade/no-way-back.ts";
import { RedishaError } from "../../../src/core/errors.ts";

const refusal = (code: string) => new RedishaError({ code, message: "No.", exit: 4, host: "r1", next: ["look"] });

describe("a refusal of going back", () => {
  it("names the upgrade to go on with first where a server is silent that it may have stopped", () => {
    expect(withUnfinished(refusal("UPGRADE_NODE_SILENT"), "run-1")).toMatchObject({
      ...{ code: "UPGRADE_NODE_SILENT", exit: 4, host: "r1", message: "No." },
      next: [expect.stringContaining("redisha runs resume run-1"), "look"],
    });
  });

  it("is as it was where no upgrade was broken off, and where it has another reason", () => {
    const silent = refusal("UPGRADE_NODE_SILENT");
    expect(withUnfinished(silent, undefined)).toBe(silent);
    const other = refusal("UPGRADE_IS_DOWNGRADE");
    expect(withUnfinished(other, "run-1")).toBe(other);
  });
});
