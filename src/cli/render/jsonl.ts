import { scrubber } from "../../core/scrub.ts";
import type { TextStream } from "../output/streams.ts";
import type { Renderer } from "./renderer.ts";

/** Every event as it is, one JSON object a line, on stdout. */
export function jsonlRenderer(stdout: TextStream): Renderer {
  return {
    sink: (event) => stdout.write(`${JSON.stringify(scrubber.scrubData(event))}\n`),
    standStill: (work) => work(),
    done: async () => {},
  };
}
