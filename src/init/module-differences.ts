import { type ConfLine, directivesOf } from "../conf/conf-file.ts";
import type { Difference } from "./differences.ts";

/** A module that a server has loaded; a server before 7.0 does not say from where. */
export interface LoadedModule {
  readonly name: string;
  readonly path: string | undefined;
}

/**
 * Modules that a running server has not loaded, or has no more: it takes a restart, since what a module has made of data
 * only that module reads. Those that are part of the server have no path, or one
 * that is no file: `lua` of Valkey 9.
 * Nothing where the server does not tell.
 */
export function moduleDifferences(
  wanted: readonly ConfLine[],
  loaded: readonly LoadedModule[] | undefined,
): Difference[] {
  if (!loaded) return [];
  const paths = directivesOf(wanted).flatMap(({ name, values }) => (name === "loadmodule" ? values.slice(0, 1) : []));
  const silent = loaded.some(({ path }) => path === undefined);
  const has = (path: string) => loaded.some((each) => each.path === path);
  const missing = silent ? paths.slice(loaded.length) : paths.filter((path) => !has(path));
  const gone = loaded.flatMap(({ path }) => (path?.startsWith("/") && !paths.includes(path) ? [path] : []));
  return [
    ...missing.map((path) => ({ name: `module ${path}`, was: null, will: "loaded" })),
    ...gone.map((path) => ({ name: `module ${path}`, was: "loaded", will: null })),
  ];
}

/** Reads what MODULE LIST answers, for each module a list of names and values; undefined where it is no answer. */
export function loadedModules(answer: unknown): LoadedModule[] | undefined {
  if (!Array.isArray(answer)) return undefined;
  return answer.filter(Array.isArray).map((words: readonly unknown[]) => {
    const after = (word: string) => {
      const at = words.indexOf(word);
      return at < 0 ? undefined : String(words[at + 1]);
    };
    return { name: after("name") ?? "", path: after("path") };
  });
}
