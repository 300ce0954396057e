import type { Bench } from "./bench.ts";
import { held } from "./bench.ts";
import { race } from "./measure.ts";
import { redisha } from "./subject.ts";

/** How long it takes until redisha says a word, in starts of its own Node. */
export const startup: Bench = {
  name: "startup",
  summary: "redisha --version and status --help against `node -e 0`",
  async measure() {
    const timings = await race(
      [
        { name: "node -e 0", argv: [process.execPath, "-e", "0"] },
        redisha("redisha --version", "--version"),
        redisha("redisha status --help", "status", "--help"),
      ],
      30,
    );
    return {
      timings,
      claims: [
        held(timings, {
          promise: "`redisha --version` takes no more than 2.5 starts of Node",
          subject: "redisha --version",
          peer: "node -e 0",
          atMost: 2.5,
        }),
        held(timings, {
          promise: "`redisha status --help`, in starts of Node",
          subject: "redisha status --help",
          peer: "node -e 0",
        }),
      ],
    };
  },
};
