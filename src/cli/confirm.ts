import { createInterface } from "node:readline/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Effect } from "../runbook/effect.ts";
import type { Streams } from "./output/streams.ts";

export interface ConfirmOptions {
  /** The worst that the run does: reads and plain changes need no answer. */
  readonly effect: Effect;
  readonly deployment: string;
  /** What is about to happen, as a question without its mark: `Run restart on shop`. */
  readonly what: string;
  /** `--yes`, which is enough for what disrupts. */
  readonly yes: boolean;
  /** `--confirm=<name>`, which is needed for what destroys. */
  readonly confirm: string | undefined;
  readonly streams: Streams;
}

/**
 * Has the operator agree: y/N for what disrupts, the deployment's name for what destroys. Fails with NOT_CONFIRMED (exit 4),
 * naming the flag, where the answer is no or there is nobody to ask.
 */
export async function confirm(options: ConfirmOptions): Promise<void> {
  const { effect, deployment, what } = options;
  if (effect === "read" || effect === "change") return;
  if (effect === "disruptive") {
    if (options.yes || options.confirm === deployment) return;
    const answer = await ask(`${what}? It disrupts clients for a while. [y/N] `, "--yes", options.streams);
    if (/^y(es)?$/i.test(answer)) return;
    throw refused(`${what}: answered no`, "--yes");
  }
  if (options.confirm === deployment) return;
  const flag = `--confirm=${deployment}`;
  if (options.confirm !== undefined)
    throw refused(`--confirm says ${options.confirm}, the deployment is ${deployment}`, flag);
  const answer = await ask(
    `${what}? It destroys data. Type the name of the deployment to go on: `,
    flag,
    options.streams,
  );
  if (answer !== deployment) throw refused(`${what}: the name was not typed`, flag);
}

async function ask(question: string, flag: string, streams: Streams): Promise<string> {
  if (!process.stdin.isTTY || !streams.stderr.isTty) throw refused("there is no terminal to ask on", flag);
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await asking.question(question)).trim();
  } finally {
    asking.close();
  }
}

function refused(message: string, flag: string): RedishaError {
  return new RedishaError({
    code: "NOT_CONFIRMED",
    message,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`look first: --dry-run`, `then agree to it: ${flag}`],
  });
}
