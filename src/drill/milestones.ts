/** What a drill can wait for, in the order in which they come about after a fault. */
export const MILESTONES = ["promoted", "writable", "clients_back", "old_primary_back", "redundant"] as const;
export type Milestone = (typeof MILESTONES)[number];

/** Each in words, for the reference and for errors. */
export const MILESTONE_MEANING: Readonly<Record<Milestone, string>> = {
  promoted: "another instance than the old primary says that it is primary",
  writable: "the new primary has acknowledged a write that was sent after the fault",
  clients_back:
    "every writer but the sticky ones is served by the new primary (confirmed by replicas or not), and every reader is answered",
  old_primary_back: "the old primary answers again and follows the new one, link up",
  redundant: "there is one primary, and every other instance that was there at the start follows it, link up",
};

/** When a milestone was reached. */
export interface Reached {
  /** On the drill's clock, in milliseconds. */
  readonly at: number;
  /** After the fault; null where none was marked. */
  readonly after_fault_ms: number | null;
  readonly new_primary: string | null;
}
