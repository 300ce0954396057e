import { string } from "@oclif/core/flags";

/** Flag of every command that takes primaries out. */
export const graceFlag = string({
  helpValue: "TIME",
  summary: "How long a primary that goes still sends clients to the new owners (default: 10s)",
});
