import { isMap, isScalar, LineCounter, parseDocument, visit, type YAMLError } from "yaml";
import { messageOf, type Problem } from "../errors.ts";
import { YamlSource } from "./yaml-source.ts";

/** More aliases than any honest file has; a "billion laughs" file is refused by the parser. */
const MAX_ALIASES = 100;

/**
 * Reads YAML 1.2 with positions. Never throws: what is wrong stands in `problems`, each with line, column and what to
 * write instead. `code` is the code of those problems.
 */
export function readYaml(text: string, path: string, code: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.2",
    lineCounter: lines,
    prettyErrors: false,
    uniqueKeys: true,
    // With "silent" a second document would be dropped without a word.
    logLevel: "error",
  });
  const locate = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { file: path, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [...document.errors, ...document.warnings].map((error) => {
    const hint = hintFor(error, text);
    return { code, message: sentence(error), position: locate(error.pos[0]), ...(hint ? { hint } : {}) };
  });

  let endless = false;
  visit(document, {
    Alias(_, alias, path) {
      const meant = alias.resolve(document);
      const position = locate(alias.range?.[0] ?? 0);
      if (meant && path.includes(meant)) {
        endless = true;
        problems.push({ code, message: "an alias of what it stands in: that would never end", position });
      }
      if (meant) return;
      const hint = "a value that starts with * needs quotes";
      problems.push({ code, message: "an alias whose anchor does not stand before it", position, hint });
    },
    Pair(_, pair) {
      if (isScalar(pair.key) && pair.key.value !== "__proto__") return;
      const range = isMap(pair.key) || isScalar(pair.key) ? pair.key.range : undefined;
      const braces = isMap(pair.key) ? text.slice(pair.key.range?.[0], pair.key.range?.[1]) : undefined;
      problems.push({
        code,
        message: braces ? "{{ }} is a map in YAML, not a template" : "a key must be a word",
        position: locate(range?.[0] ?? 0),
        ...(braces ? { hint: `write "\${${braces.startsWith("{") ? `{${braces.slice(1, -1)}}` : braces}}"` } : {}),
      });
    },
  });

  let value: unknown;
  // What stands there twice is wrong, and the rest can still be judged.
  if (!endless && document.errors.every((error) => error.code === "DUPLICATE_KEY")) {
    try {
      value = document.toJS({ maxAliasCount: MAX_ALIASES });
    } catch (error) {
      // An alias without its anchor has been reported where it stands.
      if (problems.length === 0) problems.push({ code, message: messageOf(error), position: locate(0) });
    }
  }
  return new YamlSource(path, text, document, lines, problems, value);
}

function sentence(error: YAMLError): string {
  switch (error.code) {
    case "TAG_RESOLVE_FAILED":
      return "a value that starts with ! is a tag in YAML, and its text is lost";
    case "DUPLICATE_KEY":
      return "this key stands here twice";
    case "TAB_AS_INDENT":
      return "a tab indents this line; YAML indents with spaces";
    case "MULTIPLE_DOCS":
      return "a second document starts here; a file holds one";
    case "RESOURCE_EXHAUSTION":
      return "too many aliases";
    default:
      return error.message;
  }
}

function hintFor(error: YAMLError, text: string): string | undefined {
  const [from, to] = error.pos;
  const line = text.slice(text.lastIndexOf("\n", from - 1) + 1).split("\n", 1)[0] ?? "";
  if (error.code === "TAG_RESOLVE_FAILED") {
    return `quote the expression: "${text.slice(from, Math.max(to, from + 1)).trim()}…"`;
  }
  if (/\?.*\s:\s/.test(line)) return `": " starts a map in YAML; quote the expression: "a ? b : c"`;
  if (/flow (map|seq)/i.test(error.message)) return "inside { } and [ ] a comma ends a value; quote it";
  if (error.code === "BAD_SCALAR_START") return "quote the value";
  return undefined;
}
