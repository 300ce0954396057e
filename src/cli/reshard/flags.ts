import { boolean, string } from "@oclif/core/flags";
import { bytesFlag } from "../backup/flags.ts";

/** Flags of every command that moves slots. */
export const movingFlags = {
  "max-latency": string({
    helpValue: "TIME",
    summary: "What is moved at once may keep a server from its clients so long (default: 5ms)",
  }),
  bandwidth: bytesFlag({
    summary: "Bytes a second that all sources may move together, such as 50mb; key by key then (default: no limit)",
  }),
  method: string({
    options: ["auto", "keys"],
    helpValue: "auto|keys",
    summary:
      "keys: key by key, also where servers can move slots by themselves (Valkey 9, Redis 8.4), which stops writes for longer",
  }),
  "big-keys": boolean({ summary: "Move also keys so large that their server may be taken for dead meanwhile" }),
};
