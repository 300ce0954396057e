export interface TemplatePart {
  readonly kind: "text" | "expression";
  readonly text: string;
  /** Where it starts in the string. */
  readonly offset: number;
}

interface TemplateProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint: string;
}

/** Splits a string at its `${{ }}`. Braces and quotes inside an expression are followed, so a map literal does not end it. */
export function splitTemplate(text: string): {
  readonly parts: readonly TemplatePart[];
  readonly problem?: TemplateProblem;
} {
  const parts: TemplatePart[] = [];
  let at = 0;
  for (;;) {
    const open = text.indexOf("${{", at);
    const problem = bareBraces(text, at, open < 0 ? text.length : open);
    if (problem) return { parts, problem };
    const end = open < 0 ? text.length : open;
    if (end > at) parts.push({ kind: "text", text: text.slice(at, end), offset: at });
    if (open < 0) return { parts };
    const close = closingBraces(text, open + 3);
    if (close < 0) {
      return { parts, problem: { offset: open, message: "${{ is not closed", hint: "end the expression with }}" } };
    }
    const raw = text.slice(open + 3, close);
    const inner = raw.trim();
    parts.push({ kind: "expression", text: inner, offset: open + 3 + Math.max(raw.indexOf(inner), 0) });
    at = close + 2;
  }
}

/** `{{ x }}` without the dollar is another tool's template; it would reach the server as it is. */
function bareBraces(text: string, from: number, to: number): TemplateProblem | undefined {
  const match = /\{\{(.*?)\}\}/s.exec(text.slice(from, to));
  if (!match) return undefined;
  const inner = (match[1] ?? "").trim();
  return {
    offset: from + match.index,
    message: "{{ }} is not a template here",
    hint: `write \${{ ${inner} }}; for the braces themselves \${{ "{{${inner}}}" }}`,
  };
}

function closingBraces(text: string, from: number): number {
  let depth = 0;
  let quote: string | undefined;
  for (let i = from; i < text.length; i += 1) {
    const char = text[i];
    if (quote !== undefined) {
      if (char === "\\") i += 1;
      else if (char === quote) quote = undefined;
    } else if (char === "'" || char === '"') quote = char;
    else if (char === "{") depth += 1;
    else if (char === "}") {
      if (depth === 0 && text[i + 1] === "}") return i;
      depth -= 1;
    }
  }
  return -1;
}
