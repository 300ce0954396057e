/**
 * What is wrong with a pattern written in a runbook. JavaScript's engine backtracks: `^(a+)+$` on 28 characters takes
 * ten seconds, so a repeated group that itself holds a repetition or alternatives is refused.
 */
export function patternProblem(pattern: string): string | undefined {
  try {
    new RegExp(pattern);
  } catch {
    return `"${pattern}" is no regular expression`;
  }
  // Escapes and character classes cannot repeat; taking them out first keeps `\+` and `[+*]` from counting.
  const bare = pattern.replace(/\\./g, "_").replace(/\[[^\]]*\]/g, "_");
  return repeatsRepetition(bare)
    ? `"${pattern}" repeats a repetition and could take for ever; write it flat`
    : undefined;
}

function repeatsRepetition(bare: string): boolean {
  const open: boolean[] = [];
  for (let i = 0; i < bare.length; i += 1) {
    const char = bare[i];
    const previous = bare[i - 1];
    if (char === "(") open.push(false);
    else if (char === ")") {
      const risky = open.pop() ?? false;
      const repeated = /^(?:[*+]|\{\d+,)/.test(bare.slice(i + 1));
      if (risky && repeated) return true;
      if (risky || repeated) markAround(open);
    } else if (char === "|" || ((char === "*" || char === "+" || char === "{") && previous !== "(")) markAround(open);
  }
  return false;
}

function markAround(open: boolean[]): void {
  if (open.length > 0) open[open.length - 1] = true;
}
