import { type DefaultRenderer, Listr, ListrLogger, type ListrTask, type ListrTaskWrapper, ProcessOutput } from "listr2";
import type { TextStream } from "../output/streams.ts";
import { oneLine } from "../output/text.ts";
import { type Paint, type Theme, themeFor } from "../output/theme.ts";
import { LiveStep } from "./live-step.ts";
import type { Renderer, RendererOptions } from "./renderer.ts";

type Task = ListrTask<unknown, typeof DefaultRenderer, typeof DefaultRenderer>;
type Handle = ListrTaskWrapper<unknown, typeof DefaultRenderer, typeof DefaultRenderer>;

/**
 * Steps redrawn in place on stderr by listr2. It leaves Ctrl-C alone (the engine pauses on it), writes nothing to stdout,
 * and takes steps as they come: each list holds one step and a nameless task that waits for the next one.
 */
export function liveRenderer(stderr: TextStream, options: RendererOptions): Renderer {
  const theme = themeFor(stderr);
  const coming = new Channel<LiveStep>();
  const steps = new Map<string, LiveStep>();
  const list = new Listr<unknown, "default", "default">([next()], listOptions(theme, stderr));
  const drawn = list.run();

  function next(): Task {
    return {
      task: async (_, handle) => {
        const step = await coming.take();
        return step && handle.newListr([taskOf(step), next()], { concurrent: true, exitOnError: false });
      },
    };
  }

  function add(step: LiveStep): void {
    steps.set(step.id, step);
    coming.put(step);
  }

  return {
    sink: (event) => {
      if (event.type === "step_started") add(LiveStep.started(event, theme, options));
      else if (event.type === "warning")
        add(LiveStep.remark(`${theme.warn("warning")}: ${oneLine(event.message)}`, theme));
      else if (event.type === "verdict")
        add(LiveStep.remark(`verdict: ${event.verdict.state}: ${oneLine(event.verdict.summary)}`, theme));
      else if ("step" in event) steps.get(event.step)?.hear(event);
    },
    async done() {
      for (const step of steps.values()) step.abandon();
      coming.close();
      await drawn;
    },
  };
}

function taskOf(step: LiveStep): Task {
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
    formatOutput: "truncate" as const,
    logger: new ListrLogger({ processOutput: new ProcessOutput(process.stderr, process.stderr), useIcons: true }),
    icon: {
      COMPLETED: symbols.ok,
      FAILED: symbols.bad,
      SKIPPED_WITH_COLLAPSE: symbols.none,
      OUTPUT: symbols.dot,
      ...(stderr.unicode ? {} : { PENDING: "*", WAITING: "." }),
    },
    color: {
      COMPLETED: colour(theme.good),
      FAILED: colour(theme.bad),
      SKIPPED_WITH_COLLAPSE: colour(theme.dim),
      OUTPUT: colour(theme.dim),
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
