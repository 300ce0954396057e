import { majorOf, type Release } from "../upgrade/release.ts";

/** How a server keeps its data, as it says itself. */
export interface DataSettings {
  readonly appendonly: boolean;
  readonly dbfilename: string;
  readonly appendfilename: string;
  /** Null before 7.0, where the append-only file is one file. */
  readonly appenddirname: string | null;
}

/** The same server under another release: before 7.0 the append-only file is one file. */
export function asKeptBy<S extends DataSettings>(settings: S, { engine, version }: Release): S {
  const one = engine === "redis" && majorOf({ version }) < 7;
  return one ? { ...settings, appenddirname: null } : settings;
}

/** Names in the server's folder that hold data: all of them are moved aside, whichever is in use. */
export function dataNames({ dbfilename, appendfilename, appenddirname }: DataSettings): string[] {
  return [dbfilename, ...(appenddirname === null ? [] : [appenddirname]), appendfilename];
}

/** Where a snapshot has to stand for the server to load it when it starts. */
export interface Installation {
  /** Path of the snapshot below the server's folder. */
  readonly target: string;
  /** Another file that has to stand beside it. */
  readonly manifest?: { readonly path: string; readonly text: string };
}

/**
 * With an append-only file switched on, a server from 7.0 on starts empty beside a snapshot, without a word; the snapshot
 * has to be the base of a multi-part file, named by a manifest. Before 7.0 a snapshot that bears the name of the
 * append-only file is loaded.
 */
export function installationFor({ appendonly, dbfilename, appendfilename, appenddirname }: DataSettings): Installation {
  if (!appendonly) return { target: dbfilename };
  if (appenddirname === null) return { target: appendfilename };
  const base = `${appendfilename}.1.base.rdb`;
  return {
    target: `${appenddirname}/${base}`,
    manifest: { path: `${appenddirname}/${appendfilename}.manifest`, text: `file ${quoted(base)} seq 1 type b\n` },
  };
}

/** Redis splits a line of the manifest as it does one of its configuration. */
function quoted(name: string): string {
  return /^[^\s"'\\]+$/.test(name) ? name : `"${name.replace(/["\\]/g, "\\$&")}"`;
}
