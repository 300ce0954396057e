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
  /** `shorter` makes what is drawn instead where the text does not fit. */
  draw(text: string, shorter?: () => string): void;
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
    draw(text, shorter) {
      const linesOf = (all: string) => all.replace(/\n$/, "").split("\n");
      const room = Math.max(2, rows()) - 1;
      const rowsOf = (line: string) => Math.max(1, Math.ceil(displayWidth(line) / stream.columns));
      const fits = (lines: readonly string[]) => lines.reduce((sum, line) => sum + rowsOf(line), 0) <= room;
      const whole = linesOf(text);
      const lines = fits(whole) || !shorter ? whole : linesOf(shorter());
      const shown = fits(lines) ? lines : cutTo(lines, room, rowsOf);
      stream.write(`${HOME}${shown.map((line) => line + CLEAR_LINE_END).join("\n")}\n${CLEAR_BELOW}`);
    },
    end() {
      if (open) stream.write(SHOW_CURSOR);
      open = false;
    },
  };
}

/** As many lines as leave a row to say how many are left out. */
function cutTo(lines: readonly string[], room: number, rowsOf: (line: string) => number): readonly string[] {
  let taken = 0;
  const cut = lines.findIndex((line) => {
    taken += rowsOf(line);
    return taken > room - 1;
  });
  return [...lines.slice(0, cut), `(${lines.length - cut} more lines)`];
}
