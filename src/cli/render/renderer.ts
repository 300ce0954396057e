import type { EventSink } from "../../engine/events.ts";
import type { Streams } from "../output/streams.ts";
import { withoutSkips } from "./without-skips.ts";

/** How a run is shown: redrawn in place, as stable lines, as JSON lines on stdout, or only when something is wrong. */
export type RendererKind = "live" | "plain" | "jsonl" | "quiet";

/** A subscriber of a run. Lines that it still holds are written when `done` settles; call it whatever became of the run. */
export interface Renderer {
  readonly sink: EventSink;
  /** Draws nothing while `work` asks something on the terminal. */
  standStill<T>(work: () => Promise<T>): Promise<T>;
  done(): Promise<void>;
}

export interface RendererOptions {
  /** Show every command that is sent, and the steps whose condition does not hold. */
  readonly verbose: boolean;
}

/** The renderer of that kind. People are told of steps that are not carried out where they ask for it. */
export async function subscribe(kind: RendererKind, streams: Streams, options: RendererOptions): Promise<Renderer> {
  const renderer = await rendererOf(kind, streams, options);
  if (options.verbose || kind === "jsonl") return renderer;
  const { sink, release } = withoutSkips(renderer.sink);
  return {
    sink,
    standStill: (work) => {
      release();
      return renderer.standStill(work);
    },
    done: () => renderer.done(),
  };
}

/** listr2 is loaded for `live` alone. */
async function rendererOf(kind: RendererKind, streams: Streams, options: RendererOptions): Promise<Renderer> {
  switch (kind) {
    case "live": {
      const { liveRenderer } = await import("./live.ts");
      return liveRenderer(streams.stderr, options);
    }
    case "plain": {
      const { plainRenderer } = await import("./plain.ts");
      return plainRenderer(streams.stderr, options);
    }
    case "jsonl": {
      const { jsonlRenderer } = await import("./jsonl.ts");
      return jsonlRenderer(streams.stdout);
    }
    case "quiet": {
      const { quietRenderer } = await import("./quiet.ts");
      return quietRenderer(streams.stderr);
    }
  }
}

/** Redrawing needs a terminal that stands still between two pictures: never in CI, never into a file. */
export function rendererKind(wants: { format: string; quiet: boolean }, streams: Streams): RendererKind {
  if (wants.format === "jsonl") return "jsonl";
  if (wants.quiet || wants.format === "json" || wants.format === "yaml") return "quiet";
  return streams.animate && streams.stderr.isTty ? "live" : "plain";
}
