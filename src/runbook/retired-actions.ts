/** Actions that there are no more, and what an ejected copy that still names one is to do instead. */
const RETIRED: Readonly<Record<string, string>> = {
  "backup.check_rdb":
    "backup.upload checks while it stores, and takes no `checked`: delete this step, or move this file away and do redisha runbook eject backup again",
};

/** What took the place of an action; undefined for one that there never was. */
export function successorOf(action: string): string | undefined {
  return Object.hasOwn(RETIRED, action) ? RETIRED[action] : undefined;
}
