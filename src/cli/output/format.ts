const BYTE_STEPS = ["B", "K", "M", "G", "T"];

/** Bytes in four or five characters, as Redis' own `used_memory_human` does: `0`, `512B`, `1.2M`, `12G`. */
export function shortBytes(bytes: number): string {
  if (bytes === 0) return "0";
  let value = bytes;
  let step = 0;
  while (Math.abs(value) >= 1000 && step < BYTE_STEPS.length - 1) {
    value /= 1024;
    step += 1;
  }
  return `${step === 0 || value >= 99.95 ? Math.round(value) : trimZero(value.toFixed(1))}${BYTE_STEPS[step]}`;
}

/** A count in at most five characters: `999`, `1.2k`, `34k`, `5.6M`. */
export function shortCount(count: number): string {
  if (count < 1_000) return String(count);
  if (count < 999_500) return `${count < 99_950 ? trimZero((count / 1_000).toFixed(1)) : Math.round(count / 1_000)}k`;
  return `${trimZero((count / 1_000_000).toFixed(1))}M`;
}

/** Seconds as the one unit that matters: `8s`, `4m`, `3h`, `12d`. */
export function shortAge(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))}s`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}

/** `1 node`, `3 nodes`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `5461-10922, 16000`: slot ranges as the cluster writes them. */
export function slotRanges(ranges: readonly (readonly [number, number])[]): string {
  return ranges.map(([first, last]) => (first === last ? String(first) : `${first}-${last}`)).join(", ");
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, "");
}
