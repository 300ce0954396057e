import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Approval, ApprovalRequest, Approve, EarlyApproval } from "../engine/approval.ts";
import type { Effect } from "../runbook/effect.ts";
import type { RunDetail } from "../use-cases/runs.ts";
import type { Streams } from "./output/streams.ts";
import { oneLine } from "./output/text.ts";
import type { Renderer } from "./render/renderer.ts";

export interface ConfirmOptions {
  readonly deployment: string;
  /** `--yes`, which is enough where nothing has to be typed. */
  readonly yes: boolean;
  /** `--confirm=<name>`, which stands for typing the name. */
  readonly confirm: string | undefined;
  readonly streams: Streams;
  /** What draws on the terminal on which is asked. */
  readonly renderer: Pick<Renderer, "standStill">;
  /** The first Ctrl-C: it gives up the question, and with it what was asked about. */
  readonly pause: AbortSignal;
  /** A command that shows, and does not do, what is asked about. */
  readonly look: string;
}

/** Asks for what a run meets on its way: the one question that `confirm` steps and points of no return have. */
export function approver(options: ConfirmOptions): Approve {
  return (request) => agree(request, "what this was about was not started", options);
}

/**
 * Has the operator agree to the whole before it starts: y/N for what disrupts, the deployment's name for what destroys,
 * nothing for reads and plain changes. `meaning` says what clients will see of what disrupts. What was agreed to is for the journal. Fails with NOT_CONFIRMED (exit 4), naming
 * the flag, where the answer is no or there is nobody to ask.
 */
export async function agreeFirst(
  effect: Effect,
  what: string,
  options: ConfirmOptions,
  meaning = "It disrupts clients for a while.",
): Promise<EarlyApproval[]> {
  if (effect === "read" || effect === "change") return [];
  const request =
    effect === "disruptive"
      ? { what: `${what}? ${meaning}` }
      : { what: `${what}? It destroys data.`, typed: options.deployment };
  return [{ ...request, ...(await agree(request, "nothing was touched", options)) }];
}

/**
 * Has the operator agree to going back from a run: a yes, or the deployment's name where what is taken back destroyed
 * something, so that taking it back may too.
 */
export async function agreeToGoBack(past: RunDetail, options: ConfirmOptions): Promise<EarlyApproval[]> {
  const { run, runbook, deployment } = past.record;
  const what = `Take back what run ${run} of ${runbook} changed on ${deployment}?`;
  const severe = past.to_undo.some(({ effect }) => effect === "destructive");
  const request = severe ? { what, typed: options.deployment } : { what };
  return [{ ...request, ...(await agree(request, "nothing was touched", options)) }];
}

async function agree({ what, typed }: ApprovalRequest, state: string, options: ConfirmOptions): Promise<Approval> {
  const user = userInfo().username;
  const { yes, confirm, deployment } = options;
  const flag = typed === undefined ? "--yes" : `--confirm=${typed}`;
  const refuse = (message: string) => refused(message, state, [options.look, `agree to it: ${flag}`]);
  if (typed === undefined ? yes : confirm === typed) return { how: flag, user };
  if (typed === undefined && confirm === deployment) return { how: `--confirm=${deployment}`, user };
  if (typed !== undefined && confirm !== undefined) {
    throw refuse(`--confirm says ${confirm}, what must be said is ${typed}`);
  }
  const question = `${oneLine(what)} ${typed === undefined ? "[y/N]" : `Type ${oneLine(typed)} to go on:`} `;
  if (!process.stdin.isTTY || !options.streams.stderr.isTty) {
    throw refuse(`There is no terminal to ask on: ${oneLine(what)}`);
  }
  const answer = await options.renderer.standStill(() => ask(question, options.pause));
  if (typed === undefined ? /^y(es)?$/i.test(answer) : answer === typed) {
    return { how: typed === undefined ? "answered yes" : `typed ${typed}`, user };
  }
  throw refuse(typed === undefined ? `Answered no: ${oneLine(what)}` : `${typed} was not typed: ${oneLine(what)}`);
}

/** The answer; nothing where standard input ends. A Ctrl-C here is one like any other: readline holds it back otherwise. */
async function ask(question: string, pause: AbortSignal): Promise<string> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const ended = new Promise<string>((resolve) => asking.once("close", () => resolve("")));
  asking.on("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    return (await Promise.race([asking.question(question, { signal: pause }), ended])).trim();
  } catch (error) {
    throw pause.aborted ? pause.reason : error;
  } finally {
    asking.close();
    if (pause.aborted) process.stderr.write("\n");
  }
}

function refused(message: string, state: string, next: readonly string[]): RedishaError {
  return new RedishaError({ code: "NOT_CONFIRMED", message, exit: EXIT.gateRefused, state, next });
}
