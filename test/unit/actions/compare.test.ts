import { expect, it } from "vitest";
import { differences } from "../../../src/actions/topology/compare.ts";

it("a comparison names every value that is another now, also what came and what went", () => {
  const before = { "r1:6379": { role: "primary", save: "60 1" }, "r2:6379": { role: "replica" } };
  const after = { "r1:6379": { role: "replica", maxmemory: "1" }, "r2:6379": { role: "replica" } };
  expect(differences(before, after)).toEqual([
    { instance: "r1:6379", what: "role", before: "primary", after: "replica" },
    { instance: "r1:6379", what: "save", before: "60 1", after: "" },
    { instance: "r1:6379", what: "maxmemory", before: "", after: "1" },
  ]);
  expect(differences(before, before)).toEqual([]);
});
