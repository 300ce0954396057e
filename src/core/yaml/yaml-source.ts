import type { Document } from "yaml";
import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type Scalar,
} from "yaml";
import type { FilePosition, Problem } from "../errors.ts";
import { offsetInScalar } from "./scalar-offset.ts";

export type YamlPath = readonly PropertyKey[];

/** A parsed YAML file: its plain value, and where every part of it stands. Lines and columns count from 1. */
export class YamlSource {
  readonly path: string;
  readonly text: string;
  /** Plain data. Undefined where the file is too broken to be read. */
  readonly value: unknown;
  /** What the YAML parser found wrong. Its warnings are errors here: each one is a value that is not what it seems. */
  readonly problems: readonly Problem[];
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(
    path: string,
    text: string,
    document: Document,
    lines: LineCounter,
    problems: readonly Problem[],
    value: unknown,
  ) {
    this.path = path;
    this.text = text;
    this.value = value;
    this.problems = problems;
    this.#document = document;
    this.#lines = lines;
  }

  /** Where the value at `path` stands, or its key; the nearest thing around it where it does not exist. */
  position(path: YamlPath, part: "key" | "value" = "value"): FilePosition {
    const found = this.#find(path);
    const node = part === "key" ? (found.key ?? found.node) : (found.node ?? found.key);
    return this.positionAt(node?.range?.[0] ?? 0);
  }

  /** Where the character at `offset` of the string at `path` stands, through quotes, escapes and folded lines. */
  positionInString(path: YamlPath, offset: number): FilePosition {
    const { node } = this.#find(path);
    if (!isScalar(node) || typeof node.value !== "string" || !node.range) return this.position(path);
    return this.positionAt(offsetInScalar(this.text, node as Scalar<string>, offset));
  }

  /** How the scalar at `path` is written: its text, whether it is quoted, and the comment after it on its line. */
  scalar(path: YamlPath): { readonly source: string; readonly quoted: boolean; readonly comment?: string } | undefined {
    const { node } = this.#find(path);
    if (!isScalar(node)) return undefined;
    const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
    const rest = this.text.slice(node.range?.[1] ?? 0).match(/^[ \t]+#(.*)/)?.[1];
    return { source: node.source ?? String(node.value), quoted, ...(rest === undefined ? {} : { comment: rest }) };
  }

  /** True where the value at `path` is written in braces or brackets, in which a comma ends a value. */
  isFlow(path: YamlPath): boolean {
    const { node } = this.#find(path);
    return (isMap(node) || isSeq(node)) && node.flow === true;
  }

  /** True where the file has something at exactly this path. */
  has(path: YamlPath): boolean {
    return this.#find(path).depth === path.length;
  }

  kindAt(path: YamlPath): "map" | "list" | "scalar" {
    const { node } = this.#find(path);
    return isMap(node) ? "map" : isSeq(node) ? "list" : "scalar";
  }

  /** Where the character at this offset of the file stands. */
  positionAt(offset: number): FilePosition {
    const { line, col } = this.#lines.linePos(offset);
    // An empty file has no line starts to count from.
    return { file: this.path, line: Math.max(line, 1), column: Math.max(col, 1) };
  }

  /** The node at the path, or the last one on the way to it, and how many parts of the path lead there. */
  #find(path: YamlPath): { node: Node | undefined; key: Node | undefined; depth: number } {
    let node: Node | undefined = this.#document.contents ?? undefined;
    let key: Node | undefined;
    let depth = 0;
    for (const part of path) {
      if (isAlias(node)) node = node.resolve(this.#document);
      const child: { node: Node | undefined; key: Node | undefined } | undefined = childOf(node, part);
      if (!child) break;
      node = child.node ?? child.key;
      key = child.key;
      depth += 1;
    }
    if (isAlias(node) && path.length === 0) node = node.resolve(this.#document);
    return { node, key, depth };
  }
}

function childOf(
  node: Node | undefined,
  part: PropertyKey,
): { node: Node | undefined; key: Node | undefined } | undefined {
  if (isSeq(node)) {
    const item = node.items[Number(part)];
    if (isPair(item)) return pairParts(item);
    return isNode(item) ? { node: item, key: undefined } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => keyText(item) === String(part));
  return pair ? pairParts(pair) : undefined;
}

function pairParts(pair: Pair): { node: Node | undefined; key: Node | undefined } {
  return { node: isNode(pair.value) ? pair.value : undefined, key: isNode(pair.key) ? pair.key : undefined };
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : String(pair.key);
}
