const CTRL_C = "\u0003";

/** What was pressed. */
export type QuitKey = "q" | "ctrl-c";

/**
 * Calls `quit` when q or Ctrl-C is pressed. Single keys need raw mode, and there a terminal makes no signal of Ctrl-C;
 * `close` puts the terminal back as it was. Without a terminal nothing is read.
 */
export function quitKeys(quit: (key: QuitKey) => void, stdin: NodeJS.ReadStream = process.stdin): { close(): void } {
  if (!stdin.isTTY) return { close: () => {} };
  const onData = (chunk: Buffer) => {
    const keys = chunk.toString();
    if (keys.includes(CTRL_C)) quit("ctrl-c");
    else if (keys.includes("q")) quit("q");
  };
  stdin.setRawMode(true);
  stdin.resume();
  stdin.on("data", onData);
  return {
    close() {
      stdin.off("data", onData);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
