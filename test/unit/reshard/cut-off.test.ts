import { describe, expect, it } from "vitest";
import { CutOff } from "../../../src/reshard/cut-off.ts";

describe("keys that were cut off on their way", () => {
  it("are sent again each by itself, with the time that they had come to, beside all others together", () => {
    const cutOff = new CutOff();
    cutOff.note({ keys: ["large", "near it"], timeoutMs: 5_000 });
    cutOff.note({ keys: ["large"], timeoutMs: 80_000 });
    expect(cutOff.calls(["a", "large", "b", "near it"], 5_000)).toEqual([
      { keys: ["a", "b"], timeoutMs: 5_000 },
      { keys: ["large"], timeoutMs: 80_000 },
      { keys: ["near it"], timeoutMs: 5_000 },
    ]);
  });

  it("are as any other once they have arrived", () => {
    const cutOff = new CutOff();
    cutOff.note({ keys: ["large"], timeoutMs: 20_000 });
    cutOff.arrived(["large"]);
    expect(cutOff.has("large")).toBe(false);
    expect(cutOff.calls(["a", "large"], 5_000)).toEqual([{ keys: ["a", "large"], timeoutMs: 5_000 }]);
  });
});
