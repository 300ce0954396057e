import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

const ROOT = new URL("../../../", import.meta.url);

/** Ids as they stand in the rules: the words of `id: …`, both arms of a choice included. */
function idsInRules(): string[] {
  const folder = new URL("src/topology/findings/", ROOT);
  const text = readdirSync(folder).map((name) => readFileSync(new URL(name, folder), "utf8"));
  const places = text.join("\n").match(/\bid: [^\n]*"[a-z_]+"[^\n]*/g) ?? [];
  return [...new Set(places.flatMap((place) => place.match(/(?<=")[a-z]+(?:_[a-z]+)+(?=")/g) ?? []))].sort();
}

it("explains every finding in the guide, and none that does not exist", () => {
  const guide = readFileSync(new URL("docs/guide/verdicts.md", ROOT), "utf8");
  const explained = [...guide.matchAll(/^### ([a-z_]+)$/gm)].map((match) => match[1]).sort();
  expect(explained).toEqual(idsInRules());
  expect(explained.length).toBeGreaterThan(50);
});
