import { dirname } from "node:path";
import { actionCatalog } from "../actions/catalog.ts";
import { compileRunbook } from "../runbook/compile.ts";
import type { Runbook } from "../runbook/model.ts";
import type { RunbookSource } from "../runbook/unit.ts";
import { type RunbookFile, RunbookStore } from "./runbook-store.ts";

/** A runbook that was found and compiled, with what is unwise about it. */
export interface CompiledFile {
  readonly file: RunbookFile;
  readonly text: string;
  readonly runbook: Runbook;
}

/**
 * Finds a runbook by name or path and compiles it, with those that it runs. Fails with RUNBOOK_NOT_FOUND, or
 * RUNBOOK_INVALID with every problem at once. Nothing is touched.
 */
export async function compileByName(ref: string, store: RunbookStore): Promise<CompiledFile> {
  const file = await store.find(ref);
  const text = await store.read(file);
  const others = CALLS.test(text) ? await readAll(store) : new Map<string, RunbookSource>();
  const { runbook } = compileRunbook({ text, path: file.path, origin: file.origin }, actionCatalog(), (wanted) =>
    others.get(wanted.replace(/^builtin:/, "")),
  );
  return { file, text, runbook };
}

/** A runbook that calls no other one needs none of them read. */
const CALLS = /\baction:\s*["']?runbook\b/;

/** The language is pure: what a ref can mean is read beforehand. */
async function readAll(store: RunbookStore): Promise<Map<string, RunbookSource>> {
  const all = new Map<string, RunbookSource>();
  for (const file of await store.list()) {
    all.set(file.name, { text: await store.read(file), path: file.path, origin: file.origin });
  }
  return all;
}

/** The store of the folder that a redisha.yaml stands in. */
export function storeBeside(inventoryFile: string): RunbookStore {
  return new RunbookStore(dirname(inventoryFile));
}
