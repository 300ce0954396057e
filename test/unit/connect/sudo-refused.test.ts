import { describe, expect, it } from "vitest";
import { sudoRefused } from "../../../src/connect/session/errors.ts";

describe("sudo that runs nothing", () => {
  it("is told in its own last words", () => {
    const { message } = sudoRefused("r1", "Sorry.\nsudo: a password is required\n", { code: 1, signal: null });
    expect(message).toBe("sudo on r1 refused to run a command as root: sudo: a password is required");
  });

  it.each([
    [{ code: 255, signal: null }, "with status 255"],
    [{ code: null, signal: "SIGKILL" }, "by SIGKILL"],
  ])("is not called a refusal where it gives no reason: %j", (ending, how) => {
    const { message } = sudoRefused("r1", "\n", ending);
    expect(message).toBe(`sudo on r1 ran nothing as root and gave no reason: it ended ${how}.`);
  });
});
