/** How far the servers are with what they were told to move. */
export interface JobState {
  readonly state: "under_way" | "done" | "failed";
  /** In the servers' words: why it failed. */
  readonly message: string;
  /** Whether the source holds writes back at this moment. */
  readonly holds: boolean;
  /** How long the source held them back, as it says itself, in milliseconds; undefined where it does not say. */
  readonly heldMs: number | undefined;
}

/** How a pair of servers is told to move slots by itself. */
export interface SlotJobs {
  /** What is under way between them already: an earlier process began it, or somebody else. */
  begun(): Promise<string | undefined>;
  /** Begins to move slots, all of which the source owns; gives the name of the job. */
  begin(slots: readonly number[]): Promise<string>;
  look(job: string): Promise<JobState>;
  /** Calls it off: what has been sent is thrown away. It may have come to its end meanwhile. */
  cancel(job: string): Promise<void>;
}
