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
    const whole = value.toWellFormed();
    for (const part of new Set([whole, ...whole.split(/\r?\n/)])) {
      if (part.length >= SHORTEST) for (const form of formsOf(part)) this.#forms.add(form);
    }
    this.#pattern = undefined;
  }

  /** The text with every known secret masked. */
  scrub(text: string): string {
    if (this.#forms.size === 0) return text;
    // Longest first: a quoted form contains the raw one. The mask itself before all: it may contain a secret too.
    const forms = () => [...this.#forms].sort((a, b) => b.length - a.length);
    this.#pattern ??= new RegExp([MASK, ...forms()].map(literal).join("|"), "g");
    return text.replace(this.#pattern, MASK);
  }

  /** Plain data as JSON would carry it, with every string, keys too, scrubbed. Numbers stay: none of ours is a secret. */
  scrubData<T>(data: T): T {
    const json = this.#forms.size === 0 ? undefined : JSON.stringify(data);
    return json === undefined ? data : (JSON.parse(json, (_, value) => this.#scrubPart(value)) as T);
  }

  #scrubPart(value: unknown): unknown {
    if (typeof value === "string") return this.scrub(value);
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [this.scrub(key), child]));
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
