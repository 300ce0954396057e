import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Journal } from "./journal.ts";

/** Something that the operator must agree to before it happens. */
export interface ApprovalRequest {
  readonly what: string;
  /** What must be typed; undefined where yes or no is enough. */
  readonly typed?: string;
}

/** How it was agreed to, for the journal: `answered yes`, `typed shop`, `--yes`. */
export interface Approval {
  readonly how: string;
  readonly user: string;
}

/** Asks; fails with NOT_CONFIRMED (exit 4), naming the flag, where the answer is no or there is nobody to ask. */
export type Approve = (request: ApprovalRequest) => Promise<Approval>;

/** Something that was agreed to before the run had a journal. */
export interface EarlyApproval extends ApprovalRequest, Approval {}

/** The same, with every approval in the journal before what it is about happens. */
export function journalled(approve: Approve, journal: Journal | undefined): Approve {
  return async (request) => {
    const approval = await approve(request);
    await journal?.append({ kind: "approval", what: request.what, ...approval });
    return approval;
  };
}

/** For runs that nobody watches and that were not agreed to by a flag. */
export const nobodyToAsk: Approve = ({ what }) =>
  Promise.reject(
    new RedishaError({
      code: "NOT_CONFIRMED",
      message: `There is nobody to ask: ${what}`,
      exit: EXIT.gateRefused,
      state: "what this was about was not started",
    }),
  );
