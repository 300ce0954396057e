import type { Problem } from "../core/errors.ts";
import type { YamlPath, YamlSource } from "../core/yaml/yaml-source.ts";

export const INVALID = "INVENTORY_INVALID";
const WARNING = "INVENTORY_WARNING";

/** Collects what the rules find in one part of the file; paths count from that part. */
export class Findings {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];
  readonly #source: YamlSource;
  readonly #base: YamlPath;

  constructor(source: YamlSource, base: YamlPath) {
    this.#source = source;
    this.#base = base;
  }

  has(...path: YamlPath): boolean {
    return this.#source.has([...this.#base, ...path]);
  }

  /** `part: key` points at the name of the thing rather than at its value. */
  error(path: YamlPath, message: string, options: { hint?: string | undefined; part?: "key" } = {}): void {
    this.problems.push(this.#problem(INVALID, path, message, options));
  }

  warn(path: YamlPath, message: string, hint?: string): void {
    this.warnings.push(this.#problem(WARNING, path, message, { hint }));
  }

  #problem(
    code: string,
    path: YamlPath,
    message: string,
    { hint, part }: { hint?: string | undefined; part?: "key" },
  ): Problem {
    const position = this.#source.position([...this.#base, ...path], part);
    return { code, message, position, ...(hint ? { hint } : {}) };
  }
}
