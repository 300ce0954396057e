import { userInfo } from "node:os";
import type { JournalEntry } from "../engine/journal-entry.ts";
import { thisProcess } from "../engine/lock/process-identity.ts";

/** Who works, and whose process this is, for the journal. */
export function operator(): Pick<
  Extract<JournalEntry, { kind: "run_started" }>,
  "user" | "controller" | "pid" | "process_started" | "boot"
> {
  const { controller, pid, start, boot } = thisProcess();
  return { user: userInfo().username, controller, pid, process_started: start, boot };
}
