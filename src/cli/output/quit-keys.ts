const CTRL_C = "\u0003";

/**
 * Calls `quit` when q or Ctrl-C is pressed. Single keys need raw mode, and there a terminal makes no signal of Ctrl-C;
 * `close` puts the terminal back as it was. Without a terminal nothing is read.
 */
export function quitKeys(quit: () => void, stdin: NodeJS.ReadStream = process.stdin): { close(): void } {
  if (!stdin.isTTY) return { close: () => {} };
  const onData = (chunk: Buffer) => {
    const keys = chunk.toString();
    if (keys.includes("q") || keys.includes(CTRL_C)) quit();
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
