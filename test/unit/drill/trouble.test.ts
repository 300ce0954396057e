import { describe, expect, test } from "vitest";
import { RedisReplyError } from "../../../src/connect/redis/reply-error.ts";
import { RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";
import { leavesServer, troubleOf } from "../../../src/drill/trouble.ts";

const reply = (text: string) => new RedisReplyError(text, { code: `REDIS_${text.split(" ")[0]}`, message: text });
const error = (code: string, exit: 6 | 8, cause?: unknown) => new RedishaError({ code, message: code, exit, cause });
const system = (code: string) => Object.assign(new Error(code), { code });

describe("the trouble of a write", () => {
  test("is a refusal where the server said no", () => {
    expect(troubleOf(reply("READONLY You can't write against a read only replica."))).toMatchObject({
      outcome: "refused",
      word: "READONLY",
    });
    expect(leavesServer(troubleOf(reply("MOVED 1 10.0.0.1:6379")))).toBe(true);
    // Another server would not help: the connection is kept.
    for (const text of ["NOREPLICAS Not enough good replicas", "OOM command not allowed", "MISCONF"]) {
      expect(leavesServer(troubleOf(reply(text)))).toBe(false);
    }
  });

  test("is a refusal where it never left, and unknown where it did and nothing came back", () => {
    const cases = [
      [error("REDIS_REFUSED", EXIT.cannotConnect), "refused", "ECONNREFUSED"],
      [error("REDIS_TIMEOUT", EXIT.cannotConnect), "refused", "TIMEOUT"],
      [error("REDIS_UNREACHABLE", EXIT.cannotConnect, system("EHOSTUNREACH")), "refused", "EHOSTUNREACH"],
      [error("REDIS_CLOSED", EXIT.cannotConnect), "refused", "EOF"],
      [error("REDIS_TIMEOUT", EXIT.outcomeUnknown), "unknown", "TIMEOUT"],
      [error("REDIS_CLOSED", EXIT.outcomeUnknown, system("ECONNRESET")), "unknown", "ECONNRESET"],
      [error("REDIS_CLOSED", EXIT.outcomeUnknown), "unknown", "EOF"],
      [new Error("a bug"), "unknown", "ERROR"],
    ] as const;
    for (const [given, outcome, word] of cases) {
      expect(troubleOf(given)).toEqual({ outcome, word, reply: null });
      expect(leavesServer(troubleOf(given))).toBe(true);
    }
  });
});
