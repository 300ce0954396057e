/** What redis-check-rdb or valkey-check-rdb printed, as data. */
export interface CheckReport {
  readonly ok: boolean;
  readonly keys: number | null;
  readonly expires: number | null;
  /** Gone as soon as a primary loads the file. */
  readonly alreadyExpired: number | null;
  /** Where it stopped reading: the size of the file where nothing stands behind its end. */
  readonly end: number | null;
  /** The server wrote no checksum: damage to values is not seen. */
  readonly unchecked: boolean;
  /** Its complaint, in its own words. */
  readonly complaint: string | null;
}

/** Reads the output of a check. Exit status 0 alone is not enough: it is 0 for a file with garbage behind its end. */
export function readCheckReport(code: number | null, output: string): CheckReport {
  const number = (pattern: RegExp): number | null => {
    const found = pattern.exec(output)?.[1];
    return found === undefined ? null : Number(found);
  };
  const looksOk = /RDB looks OK!/.test(output);
  const ok = code === 0 && looksOk;
  const error = /--- RDB ERROR DETECTED ---\r?\n(\[offset \d+\] .+)/.exec(output)?.[1];
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  return {
    ok,
    keys: number(/^\[info\] (\d+) keys read/m),
    expires: number(/^\[info\] (\d+) expires/m),
    alreadyExpired: number(/^\[info\] (\d+) already expired/m),
    end: number(/^\[offset (\d+)\] \\o\/ RDB looks OK! \\o\//m),
    unchecked: /no check performed/.test(output),
    complaint: ok ? null : (error ?? (last || `ended with status ${code}`)),
  };
}
