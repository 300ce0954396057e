import { type InfoMap, toInt } from "./info.ts";

/** Keys of each database by its number, from INFO keyspace (`db0:keys=3,expires=0,…`); databases without keys are left out. */
export function keyspaceOf(info: InfoMap): Record<string, number> {
  return Object.fromEntries(
    Object.entries(info).flatMap(([name, text]): [string, number][] => {
      const keys = toInt(/\bkeys=(\d+)/.exec(text)?.[1]);
      return /^db\d+$/.test(name) && keys !== null ? [[name.slice(2), keys]] : [];
    }),
  );
}

/** Keys of all databases. */
export function keyCount(info: InfoMap): number {
  return Object.values(keyspaceOf(info)).reduce((sum, keys) => sum + keys, 0);
}
