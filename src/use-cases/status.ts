import { RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { EventSink } from "../engine/events.ts";
import type { Deployment } from "../inventory/model.ts";
import type { Runbook } from "../runbook/model.ts";
import { type Topology, type Verdict, verdictSchema } from "../topology/schema.ts";
import { verdictExit } from "../topology/verdict-exit.ts";
import { compileByName, storeBeside } from "./compile.ts";
import { runRunbook } from "./run-runbook.ts";
import { openSession } from "./session.ts";

/** What one look at a deployment gave. */
export interface StatusResult {
  readonly topology: Topology;
  readonly verdict: Verdict;
  /** 0 healthy, 9 not, 6 where nothing could be reached. */
  readonly exit: ExitCode;
}

/** Looks at one deployment, as often as wanted, over the same connections. */
export interface StatusWatch {
  /** Where the status runbook came from: an ejected copy is used instead of the shipped one, and said so. */
  readonly runbook: Runbook["source"];
  look(): Promise<StatusResult>;
  close(): Promise<void>;
}

/** Compiles the status runbook; connects with the first `look`. */
export async function openStatus(
  deployment: Deployment,
  { signal, sink, env }: { signal: AbortSignal; sink: EventSink; env: NodeJS.ProcessEnv },
): Promise<StatusWatch> {
  const { runbook } = await compileByName("status", storeBeside(deployment.file));
  const session = openSession(deployment, signal);
  return {
    runbook: runbook.source,
    close: () => session.close(),
    async look() {
      session.live.connections.forgetFailures();
      const summary = await runRunbook({ runbook, session, inputs: {}, sink, signal, pause: signal, env });
      signal.throwIfAborted();
      const verdict = verdictSchema.safeParse(summary.outputs.verdict);
      if (!verdict.success) throw noVerdict(runbook, summary.error?.message);
      return { topology: session.live.current(), verdict: verdict.data, exit: verdictExit(verdict.data) };
    },
  };
}

function noVerdict(runbook: Runbook, why: string | undefined): RedishaError {
  return new RedishaError({
    code: "STATUS_NO_VERDICT",
    message: why ?? `${runbook.source.path} gave no verdict: its outputs must hold \`verdict: steps.judge.outputs\`.`,
    exit: EXIT.usage,
    next: [`redisha runbook validate ${runbook.source.path}`],
  });
}
