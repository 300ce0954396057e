import type { TextStream } from "./streams.ts";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const HOME = "\u001b[H";
const CLEAR_SCREEN = "\u001b[2J";
const CLEAR_LINE_END = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** A terminal that is drawn over in place. */
export interface Screen {
  draw(text: string): void;
  /** Gives the cursor back, below what was drawn last. Safe to call twice. */
  end(): void;
}

/**
 * Draws by overwriting line by line: clearing the whole screen first would flicker. What is taller than `rows` is cut, and
 * said so, because a terminal that scrolls cannot be overwritten.
 */
export function openScreen(stream: Pick<TextStream, "write">, rows: () => number): Screen {
  let open = true;
  stream.write(HIDE_CURSOR + CLEAR_SCREEN);
  return {
    draw(text) {
      const lines = text.replace(/\n$/, "").split("\n");
      const room = Math.max(2, rows()) - 1;
      const shown =
        lines.length <= room ? lines : [...lines.slice(0, room - 1), `(${lines.length - room + 1} more lines)`];
      stream.write(`${HOME}${shown.map((line) => line + CLEAR_LINE_END).join("\n")}\n${CLEAR_BELOW}`);
    },
    end() {
      if (open) stream.write(SHOW_CURSOR);
      open = false;
    },
  };
}
