import { boolean, string } from "@oclif/core/flags";

/** Flags of every command that moves slots. */
export const movingFlags = {
  "max-latency": string({
    helpValue: "TIME",
    summary: "What is moved at once may keep a server from its clients so long (default: 10ms)",
  }),
  "big-keys": boolean({ summary: "Move also keys so large that their server may be taken for dead meanwhile" }),
};
