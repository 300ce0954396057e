/** A line of a difference: in both, only expected, or only there. */
export interface DiffLine {
  readonly mark: " " | "-" | "+";
  readonly text: string;
}

/** The shortest way from one list of lines to another (longest common subsequence), `-` before `+`. */
export function lineDiff(expected: readonly string[], actual: readonly string[]): DiffLine[] {
  // common[i][j]: how many lines expected[i…] and actual[j…] have in common, in order.
  const common = Array.from({ length: expected.length + 1 }, () => new Array<number>(actual.length + 1).fill(0));
  const at = (i: number, j: number) => common[i]?.[j] ?? 0;
  for (let i = expected.length - 1; i >= 0; i -= 1) {
    const row = common[i] ?? [];
    for (let j = actual.length - 1; j >= 0; j -= 1) {
      row[j] = expected[i] === actual[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < actual.length) {
    const [left = "", right = ""] = [expected[i], actual[j]];
    if (i < expected.length && j < actual.length && left === right) {
      lines.push({ mark: " ", text: left });
      i += 1;
      j += 1;
    } else if (j >= actual.length || (i < expected.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ mark: "-", text: left });
      i += 1;
    } else {
      lines.push({ mark: "+", text: right });
      j += 1;
    }
  }
  return lines;
}
