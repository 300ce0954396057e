import { expect, test } from "vitest";
import { parseConf } from "../../../src/conf/conf-file.ts";
import { loadedModules, moduleDifferences } from "../../../src/init/module-differences.ts";

const wanted = parseConf("port 1\nloadmodule /opt/a.so X 1\nloadmodule /opt/b.so");

test("A module that is not loaded, and one that is no more declared, take a restart; one that is part of the server does not", () => {
  const loaded = loadedModules([
    ["name", "a", "ver", 1, "path", "/opt/a.so", "args", ["X", "1"]],
    ["name", "old", "ver", 1, "path", "/opt/old.so", "args", []],
    ["name", "vectorset", "ver", 1, "path", "", "args", []],
    ["name", "lua", "ver", 1, "path", "lua", "args", []],
  ]);
  expect(moduleDifferences(wanted, loaded)).toEqual([
    { name: "module /opt/b.so", was: null, will: "loaded" },
    { name: "module /opt/old.so", was: "loaded", will: null },
  ]);
});

test("Of a server that does not say where its modules are from, they are counted", () => {
  expect(moduleDifferences(wanted, loadedModules([["name", "a", "ver", 1]]))).toEqual([
    { name: "module /opt/b.so", was: null, will: "loaded" },
  ]);
  expect(
    moduleDifferences(
      wanted,
      loadedModules([
        ["name", "a", "ver", 1],
        ["name", "b", "ver", 1],
      ]),
    ),
  ).toEqual([]);
});

test("Of a server that tells nothing, nothing is said", () => {
  expect(moduleDifferences(wanted, loadedModules(undefined))).toEqual([]);
});
