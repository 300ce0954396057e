/**
 * -1, 0 or 1: numeric comparison of dotted versions, part by part, missing parts as 0. What follows the numbers
 * (`-rc1`, Debian's `5:7.0.15-1~deb12u1` epoch and revision) is left out.
 */
export function compareVersions(a: string, b: string): number {
  const left = numbersOf(a);
  const right = numbersOf(b);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** True for `7.0`, `7.0.15`, `5:7.0.15-1~deb12u1`, `8.0-rc1`; a lone number is refused: it lost its dot. */
export function isVersion(text: string): boolean {
  return /^(\d+:)?\d+(\.\d+)+([-~+.][0-9A-Za-z.~+-]+)?$/.test(text);
}

/** First version of each engine that writes an RDB version, newest first (RDB_VERSION in rdb.h of each release). */
const RDB_VERSIONS: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  redis: [
    ["8.6", 13],
    ["7.4", 12],
    ["7.2", 11],
    ["7.0", 10],
    ["5.0", 9],
    ["4.0", 8],
  ],
  valkey: [
    ["9.0", 80],
    ["7.2", 11],
  ],
};

/** The RDB version that this release writes; throws RangeError for an engine or a release that is not in the table. */
export function rdbVersionOf(version: string, engine = "redis"): number {
  const entry = RDB_VERSIONS[engine]?.find(([first]) => compareVersions(version, first) >= 0);
  if (!entry) throw new RangeError(`the RDB version of ${engine} ${version} is not known`);
  return entry[1];
}

function numbersOf(version: string): number[] {
  const bare = version.replace(/^\d+:/, "").match(/^\d+(\.\d+)*/)?.[0] ?? "";
  return bare.split(".").map(Number);
}
