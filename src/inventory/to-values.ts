import { parseBytes, parseDuration } from "../core/units.ts";

type Present<T> = { [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined> } & {
  [K in keyof T as undefined extends T[K] ? never : K]: T[K];
};

/** The same object without the keys that are undefined: the model says by absence what is not declared. */
export function present<T extends object>(object: T): Present<T>;
export function present(object: object): object {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** Milliseconds of a declared duration, whose form the schema has checked. */
export function milliseconds(written: string | undefined): number | undefined {
  return written === undefined ? undefined : parseDuration(written);
}

/** Bytes of a declared size, whose form the schema has checked. */
export function bytesOf(written: string | undefined): number | undefined {
  return written === undefined ? undefined : parseBytes(written);
}
