import { MASK } from "./secret.ts";

/** Shorter values would turn ordinary words into masks; inventory refuses secrets this short for new passwords. */
const SHORTEST = 4;

/**
 * Replaces known secret values in text, whatever form they took on the way: raw, JSON-escaped, URL-encoded, base64,
 * shell-quoted, and each line of a value of several lines. One instance per process; every sink passes through it.
 */
export class Scrubber {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** Makes a value known. Values shorter than four characters are not scrubbed: they would mask ordinary words. */
  learn(value: string): void {
    for (const part of new Set([value, ...value.split(/\r?\n/)])) {
      if (part.length >= SHORTEST) for (const form of formsOf(part)) this.#forms.add(form);
    }
    this.#pattern = undefined;
  }

  /** The text with every known secret masked. */
  scrub(text: string): string {
    if (this.#forms.size === 0) return text;
    // Longest first: a quoted form contains the raw one.
    this.#pattern ??= new RegExp(
      [...this.#forms]
        .sort((a, b) => b.length - a.length)
        .map(literal)
        .join("|"),
      "g",
    );
    return text.replace(this.#pattern, MASK);
  }

  /** A deep copy of plain data with every string (keys too) scrubbed. */
  scrubData<T>(data: T): T {
    if (this.#forms.size === 0) return data;
    return JSON.parse(this.scrub(JSON.stringify(data))) as T;
  }
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&");
}

function formsOf(value: string): string[] {
  const base64 = Buffer.from(value).toString("base64");
  return [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    encodeURI(value),
    base64,
    base64.replace(/=+$/, ""),
    base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, ""),
    value.replaceAll("'", `'\\''`),
    JSON.stringify(value.replaceAll("'", `'\\''`)).slice(1, -1),
  ].filter((form) => form.length >= SHORTEST);
}

/** The process's scrubber: secrets are made known to it where they are resolved. */
export const scrubber = new Scrubber();
