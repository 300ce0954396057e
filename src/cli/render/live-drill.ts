import type { TextStream } from "../output/streams.ts";
import type { Theme } from "../output/theme.ts";
import { DrillLines, type DrillSample } from "./drill-lines.ts";

/** Columns that listr2 takes for its arrow and its indent. */
const MARGIN = 6;

/** The probes of a drill on the screen, from the first that is heard of them to the last. */
export class LiveDrill {
  readonly #lines: DrillLines;
  readonly #stderr: Pick<TextStream, "columns">;
  readonly #ended = Promise.withResolvers<void>();
  #handle: { output: string } | undefined;

  constructor(theme: Theme, stderr: Pick<TextStream, "columns">) {
    this.#lines = new DrillLines(theme);
    this.#stderr = stderr;
  }

  hear(event: DrillSample): void {
    this.#lines.hear(event);
    this.#draw();
  }

  /** Nothing was heard for a while. `at` is in milliseconds. */
  isOver(at: number): boolean {
    return this.#lines.isOver(at);
  }

  /** Shows it until it ends. */
  async show(handle: { output: string }): Promise<void> {
    this.#handle = handle;
    this.#draw();
    await this.#ended.promise;
  }

  end(): void {
    this.#ended.resolve();
  }

  #draw(): void {
    if (this.#handle) this.#handle.output = this.#lines.lines(this.#stderr.columns - MARGIN).join("\n");
  }
}
