import { type DefaultRenderer, Listr, ListrLogger, type ListrTask, type ListrTaskWrapper, ProcessOutput } from "listr2";
import type { RunEvent } from "../../engine/events.ts";
import type { TextStream } from "../output/streams.ts";
import { oneLine } from "../output/text.ts";
import { type Paint, type Theme, themeFor } from "../output/theme.ts";
import { phaseText } from "./drill-lines.ts";
import { LiveDrill } from "./live-drill.ts";
import { LiveStep } from "./live-step.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";

type Task = ListrTask<unknown, typeof DefaultRenderer, typeof DefaultRenderer>;
type Handle = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>;

/**
 * Steps redrawn in place on stderr. While a question is asked the picture stands still: it is ended, and what was under way
 * is drawn again below the answer.
 */
export function liveRenderer(stderr: TextStream, options: RendererOptions): Renderer {
  const theme = themeFor(stderr);
  const screen = { ...options, theme, stderr };
  const open = new Map<string, LiveStep>();
  let picture: Picture | undefined;
  let drill: LiveDrill | undefined;
  let held: RunEvent[] | undefined;

  function show(step: LiveStep): void {
    picture ??= new Picture(theme, stderr);
    picture.add(step);
  }

  /** Probes are drawn below the steps, for as long as they are heard of. */
  function hearDrill(event: RunEvent): void {
    if (event.type === "drill_sample") {
      picture ??= new Picture(theme, stderr);
      if (!drill) {
        drill = new LiveDrill(theme, stderr);
        picture.add(drill);
      }
      drill.hear(event);
    } else if (drill?.isOver(Date.parse(event.at))) {
      drill.end();
      drill = undefined;
    }
  }

  function hear(event: RunEvent): void {
    hearDrill(event);
    if (event.type === "step_started") {
      const step = LiveStep.started(event, screen);
      open.set(step.id, step);
      show(step);
    } else if (event.type === "warning")
      show(LiveStep.remark(`${theme.warn("warning")}: ${oneLine(event.message)}`, screen, "warn"));
    else if (event.type === "verdict") {
      const { state, summary } = event.verdict;
      show(LiveStep.remark(`verdict: ${state}: ${oneLine(summary)}`, screen, state === "healthy" ? "ok" : "warn"));
    } else if (event.type === "drill_phase") show(LiveStep.remark(phaseText(event, theme), screen));
    else if ("step" in event) {
      open.get(event.step)?.hear(event);
      if (event.type === "step_finished") open.delete(event.step);
    }
  }

  async function endPicture(): Promise<void> {
    const drawn = picture;
    picture = undefined;
    drill?.end();
    drill = undefined;
    await drawn?.end();
  }

  return {
    sink: (event) => {
      if (held) held.push(event);
      else hear(event);
    },
    async standStill(work) {
      const mine = held === undefined;
      held ??= [];
      if (mine) {
        for (const step of open.values()) step.interrupt("waits for your answer");
        await endPicture();
      }
      try {
        return await work();
      } finally {
        if (mine) {
          const missed = held;
          held = undefined;
          for (const step of open.values()) {
            step.goOn();
            show(step);
          }
          for (const event of missed) hear(event);
        }
      }
    },
    async done() {
      for (const step of open.values()) step.abandon();
      await endPicture();
    },
  };
}

/**
 * What listr2 draws between two questions. It leaves Ctrl-C alone (the engine pauses on it), writes nothing to stdout, and
 * takes steps as they come: each list holds one step and a nameless task that waits for the next one.
 */
class Picture {
  readonly #coming = new Channel<LiveStep | LiveDrill>();
  readonly #drawn: Promise<unknown>;

  constructor(theme: Theme, stderr: TextStream) {
    const list = new Listr<unknown, "default", "default">([this.#next()], listOptions(theme, stderr));
    this.#drawn = list.run();
  }

  add(shown: LiveStep | LiveDrill): void {
    this.#coming.put(shown);
  }

  async end(): Promise<void> {
    this.#coming.close();
    await this.#drawn;
  }

  #next(): Task {
    return {
      task: async (_, handle) => {
        const shown = await this.#coming.take();
        if (!shown) return undefined;
        // What is skipped and not collapsed has a sign of its own: that of a warning.
        const warns = shown instanceof LiveStep && shown.warns;
        const rendererOptions = { collapseSkips: !warns, showSkipMessage: !warns };
        return handle.newListr([taskOf(shown), this.#next()], {
          concurrent: true,
          exitOnError: false,
          rendererOptions,
        });
      },
    };
  }
}

function taskOf(shown: LiveStep | LiveDrill): Task {
  // A task without a title is not listed; what it puts out stands below all that are.
  if (shown instanceof LiveDrill) return { task: (_, handle: Handle) => shown.show(handle) };
  const step = shown;
  return {
    title: step.title,
    task: (_, handle: Handle) => step.show(handle),
    rendererOptions: { outputBar: 1 },
    fallbackRendererOptions: { outputBar: 1 },
  };
}

function listOptions(theme: Theme, stderr: TextStream) {
  const { symbols } = theme;
  const rendererOptions = {
    collapseSubtasks: false,
    collapseSkips: true,
    formatOutput: "wrap" as const,
    logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr), useIcons: true }),
    icon: {
      COMPLETED: symbols.ok,
      FAILED: symbols.bad,
      SKIPPED_WITH_COLLAPSE: symbols.none,
      SKIPPED_WITHOUT_COLLAPSE: symbols.warn,
      OUTPUT: symbols.dot,
      OUTPUT_WITH_BOTTOMBAR: symbols.dot,
      ...(stderr.unicode ? {} : { PENDING: "*", WAITING: "." }),
    },
    color: {
      COMPLETED: colour(theme.good),
      FAILED: colour(theme.bad),
      SKIPPED_WITH_COLLAPSE: colour(theme.dim),
      SKIPPED_WITHOUT_COLLAPSE: colour(theme.warn),
      OUTPUT: colour(theme.dim),
      OUTPUT_WITH_BOTTOMBAR: colour(theme.dim),
      PENDING: colour(theme.accent),
      WAITING: colour(theme.dim),
    },
  };
  return {
    concurrent: true,
    exitOnError: false,
    registerSignalListeners: false,
    // listr2 looks at stdout to choose; here stderr was found to be a terminal already.
    renderer: "default" as const,
    fallbackRenderer: "default" as const,
    rendererOptions,
    fallbackRendererOptions: rendererOptions,
  };
}

/** A paint as listr2 calls it: also for nothing. */
function colour(paint: Paint): (text?: string) => string {
  return (text = "") => paint(text);
}

/** Values handed from the sink, which must not wait, to a reader that does. */
class Channel<T> {
  readonly #held: T[] = [];
  #waiting: ((value: T | undefined) => void) | undefined;
  #closed = false;

  put(value: T): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting) waiting(value);
    else this.#held.push(value);
  }

  /** The next value; undefined once the channel is closed and empty. */
  take(): Promise<T | undefined> {
    if (this.#held.length > 0 || this.#closed) return Promise.resolve(this.#held.shift());
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  close(): void {
    this.#closed = true;
    this.#waiting?.(undefined);
  }
}
