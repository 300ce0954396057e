import { custom, string } from "@oclif/core/flags";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { parseBytes } from "../../core/units.ts";

/** Bytes as Redis writes them: `100mb`, `6gb`. */
export const bytesFlag = custom<number>({
  helpValue: "BYTES",
  parse: async (text) => {
    const bytes = parseBytes(text);
    if (bytes !== undefined && bytes > 0) return bytes;
    throw new RedishaError({
      code: "USAGE",
      message: `not a size: ${text}`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: ["write it as 1048576, 100mb or 6gb"],
    });
  },
});

/** Where metrics go, for the textfile collector of the node exporter. */
export const textfileFlag = string({
  helpValue: "FILE",
  summary: "Write metrics for Prometheus to this file, also when it fails",
});
