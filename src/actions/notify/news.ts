import type { NotifyEvent } from "../../inventory/model.ts";

/** What is told, as JSON. */
export interface News {
  readonly event: NotifyEvent;
  readonly deployment: string;
  readonly run: string;
  /** RFC 3339. */
  readonly at: string;
  /** One sentence for people. */
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface Patience {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
