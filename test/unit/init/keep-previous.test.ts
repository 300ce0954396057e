import { expect, test } from "vitest";
import { keepDefault, keepPrevious } from "../../../src/init/keep-previous.ts";
import { userLinesOf } from "../../../src/init/lines.ts";

const [fresh, old, stranger] = ["a", "b", "c"].map((letter) => `#${letter.repeat(64)}`) as [string, string, string];
const rendered = userLinesOf(`user default off\nuser shop on ${fresh} ~cart:* +@all`);
const kept = (live: string, previous = [old]) => {
  const [, shop] = keepPrevious(rendered, userLinesOf(live), new Set(previous));
  return shop && "values" in shop ? shop.values.join(" ") : undefined;
};

test("a previous password that still lets in goes on to, until rotate takes it away", () => {
  expect(kept(`user shop on ${old} ~cart:* +@all`)).toBe(`shop on ${fresh} ${old} ~cart:* +@all`);
  expect(kept(`user shop on ${fresh} ${old} ~* +@all`)).toBe(`shop on ${fresh} ${old} ~cart:* +@all`);
});

test("one that was taken away, that nobody declares, or that is another user's, does not come back", () => {
  const without = `shop on ${fresh} ~cart:* +@all`;
  expect(kept(`user shop on ${fresh} ~cart:* +@all`)).toBe(without);
  expect(kept(`user shop on ${stranger} ${old} ~cart:* +@all`, [])).toBe(without);
  expect(kept(`user shop on ${stranger} ~cart:* +@all`)).toBe(without);
  expect(kept(`user other on ${old} ~cart:* +@all`)).toBe(without);
});

test("whoever has asked a Sentinel as default so far may go on to, with a password or without", () => {
  const defaultOf = (live: string) => {
    const [first] = keepDefault(rendered, userLinesOf(live));
    return first && "values" in first ? first.values.join(" ") : undefined;
  };
  expect(defaultOf("user default on nopass ~* &* +@all\nuser other on")).toBe("default on nopass ~* &* +@all");
  expect(defaultOf("user other on")).toBe("default off");
});
