import type { TextStream } from "./streams.ts";
import { displayWidth } from "./text.ts";

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
 * said so, because a terminal that scrolls cannot be overwritten. A line that is wider than the terminal, such as a
 * command to copy, takes as many rows as the terminal makes of it.
 */
export function openScreen(stream: Pick<TextStream, "write" | "columns">, rows: () => number): Screen {
  let open = true;
  stream.write(HIDE_CURSOR + CLEAR_SCREEN);
  return {
    draw(text) {
      const lines = text.replace(/\n$/, "").split("\n");
      const room = Math.max(2, rows()) - 1;
      const rowsOf = (line: string) => Math.max(1, Math.ceil(displayWidth(line) / stream.columns));
      const shown = fitting(lines, room, rowsOf);
      stream.write(`${HOME}${shown.map((line) => line + CLEAR_LINE_END).join("\n")}\n${CLEAR_BELOW}`);
    },
    end() {
      if (open) stream.write(SHOW_CURSOR);
      open = false;
    },
  };
}

/** All lines where they fit, else as many as leave a row to say how many are left out. */
function fitting(lines: readonly string[], room: number, rowsOf: (line: string) => number): readonly string[] {
  const total = lines.reduce((sum, line) => sum + rowsOf(line), 0);
  if (total <= room) return lines;
  let taken = 0;
  const cut = lines.findIndex((line) => {
    taken += rowsOf(line);
    return taken > room - 1;
  });
  return [...lines.slice(0, cut), `(${lines.length - cut} more lines)`];
}
