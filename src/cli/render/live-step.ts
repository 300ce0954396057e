import { formatDuration } from "../../core/units.ts";
import type { RunEvent } from "../../engine/events.ts";
import type { TextStream } from "../output/streams.ts";
import { oneLine, truncate } from "../output/text.ts";
import type { Theme } from "../output/theme.ts";
import type { RendererOptions } from "./renderer.ts";
import { type ProgressBase, progressBase, progressBegins, progressText, STATUS_WORD, targetsText } from "./words.ts";

type Of<T extends RunEvent["type"]> = Extract<RunEvent, { type: T }>;
type StepEvent = Of<"op_started"> | Of<"op_progress"> | Of<"op_finished"> | Of<"step_finished"> | Of<"step_started">;

/** What a step needs of listr2's task. */
export interface StepHandle {
  title: string;
  output: string;
  skip(message?: string): void;
}

/** More lines than this below a step would push the others off the screen. */
const MOST_LINES = 8;

/** What stands before such a line on the screen. */
const MARGIN = 8;

/** What steps are drawn with, and on. */
export interface StepScreen extends RendererOptions {
  readonly theme: Theme;
  readonly stderr: Pick<TextStream, "columns">;
}

/** One step on the screen: its title, a line for each op under way, and how it ended. */
export class LiveStep {
  readonly id: string;
  readonly title: string;
  readonly #theme: Theme;
  readonly #verbose: boolean;
  readonly #stderr: Pick<TextStream, "columns">;
  /** A remark that is no good news: its task ends as skipped, which has a sign of its own. */
  readonly warns: boolean;
  readonly #lines = new Map<string, string>();
  readonly #bases = new Map<string, ProgressBase | undefined>();
  readonly #ended = Promise.withResolvers<Of<"step_finished"> | undefined>();
  #interrupted = Promise.withResolvers<string>();
  #trouble = "";
  #handle: StepHandle | undefined;

  private constructor(
    { id, title }: { readonly id: string; readonly title: string },
    { theme, stderr, verbose }: StepScreen,
    warns = false,
  ) {
    this.id = id;
    this.title = title;
    this.warns = warns;
    this.#theme = theme;
    this.#stderr = stderr;
    this.#verbose = verbose;
  }

  static started(event: Of<"step_started">, screen: StepScreen): LiveStep {
    const targets = screen.theme.dim(targetsText(event.targets));
    return new LiveStep(
      { id: event.step, title: `${"  ".repeat(event.depth)}${oneLine(event.name)}${targets}` },
      screen,
    );
  }

  /** A line that stands by itself and is over at once: behind a tick, or behind the sign of a warning. */
  static remark(text: string, screen: StepScreen, sign: "ok" | "warn" = "ok"): LiveStep {
    const step = new LiveStep({ id: text, title: text }, screen, sign === "warn");
    step.abandon();
    return step;
  }

  /** Shows the step until it ends or is interrupted; rejects where it failed, which is how listr2 learns of it. */
  async show(handle: StepHandle): Promise<void> {
    this.#handle = handle;
    this.#draw();
    const end = await Promise.race([this.#ended.promise, this.#interrupted.promise]);
    if (!end) {
      if (this.warns) handle.skip(this.title);
      return;
    }
    if (typeof end === "string") {
      handle.skip(`${this.title} ${this.#theme.dim(end)}`);
      return;
    }
    const reason = end.reason ? `, ${oneLine(end.reason)}` : "";
    const title = `${this.title} ${this.#theme.dim(`${STATUS_WORD[end.status]} ${formatDuration(end.duration_ms)}${reason}`)}`;
    if (end.status === "skipped_condition" || end.status === "skipped_done") handle.skip(title);
    else if (end.status === "failed" || end.status === "in_doubt" || end.status === "cancelled") {
      throw new Error(title + this.#trouble);
    } else handle.title = title;
  }

  hear(event: StepEvent): void {
    switch (event.type) {
      case "step_started":
        return;
      case "step_finished":
        this.#ended.resolve(event);
        return;
      case "op_started":
        this.#bases.set(event.target, progressBegins(event.at));
        this.#lines.set(
          event.target,
          `${event.target}${this.#verbose ? ` $ ${event.commands.map(oneLine).join("; ")}` : ""}`,
        );
        break;
      case "op_progress":
        this.#bases.set(event.target, progressBase(event, this.#bases.get(event.target)));
        this.#lines.set(event.target, `${event.target} ${oneLine(progressText(event, this.#bases.get(event.target)))}`);
        break;
      case "op_finished":
        this.#finished(event);
    }
    this.#draw();
  }

  /** Leaves the step as it is drawn now, or as soon as it is drawn at all. */
  interrupt(why: string): void {
    this.#interrupted.resolve(why);
  }

  /** After an interruption: it is going to be shown again. */
  goOn(): void {
    this.#interrupted = Promise.withResolvers();
    this.#handle = undefined;
  }

  /** Ends a step that nothing more will be heard of. */
  abandon(): void {
    this.#ended.resolve(undefined);
  }

  #finished(event: Of<"op_finished">): void {
    this.#lines.delete(event.target);
    if (!event.error) return;
    const words = `${event.target} ${event.error.code}: ${oneLine(event.error.message)}`;
    if (event.will_retry_in_ms === undefined) this.#trouble += `\n    ${words}`;
    else this.#lines.set(event.target, `${words}, again in ${formatDuration(event.will_retry_in_ms)}`);
  }

  #draw(): void {
    if (!this.#handle) return;
    // What ends a step is shown whole, on several lines if need be; what only goes on has one, so that nothing jumps.
    const width = this.#stderr.columns - MARGIN;
    const lines = [...this.#lines.values()].map((line) => truncate(line, width, this.#theme.symbols.ellipsis));
    const more = lines.length - MOST_LINES;
    this.#handle.output = [...lines.slice(0, MOST_LINES), ...(more > 0 ? [`and ${more} more`] : [])].join("\n");
  }
}
