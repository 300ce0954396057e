import type { TextStream } from "../output/streams.ts";
import { themeFor } from "../output/theme.ts";
import type { Renderer } from "./renderer.ts";

/** Warnings only; what failed is told once, by the funnel for errors. */
export function quietRenderer(stderr: TextStream): Renderer {
  const theme = themeFor(stderr);
  return {
    sink: (event) => {
      if (event.type === "warning") stderr.write(`${theme.warn("Warning:")} ${event.message}\n`);
    },
    standStill: (work) => work(),
    done: async () => {},
  };
}
