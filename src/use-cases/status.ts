import { RedishaError } from "../core/errors.ts";
import { EXIT, type ExitCode } from "../core/exit-codes.ts";
import type { EventSink } from "../engine/events.ts";
import type { Deployment } from "../inventory/model.ts";
import type { Runbook } from "../runbook/model.ts";
import { type Topology, type Verdict, verdictSchema } from "../topology/schema.ts";
import { verdictExit } from "../topology/verdict-exit.ts";
import { openSession, type Session } from "./session.ts";
import type { UnfinishedRun } from "./unfinished-run.ts";

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
  /** Why the deployment may be as it is: a run of this machine that was left in the middle. */
  readonly unfinished: UnfinishedRun | undefined;
  look(): Promise<StatusResult>;
  close(): Promise<void>;
}

/**
 * Starts to connect, and compiles the status runbook meanwhile: hosts take longer to let somebody in than the language
 * takes to load. Fails with RUNBOOK_INVALID where an ejected copy is no valid runbook; a host that cannot be reached is
 * told by the first `look`.
 */
export async function openStatus(
  deployment: Deployment,
  { signal, sink, env }: { signal: AbortSignal; sink: EventSink; env: NodeJS.ProcessEnv },
): Promise<StatusWatch> {
  const session = openSession(deployment, signal);
  session.live.connections.warmUp(deployment.instances);
  const { runbook, runRunbook, unfinished } = await load(session, env);
  return {
    runbook: runbook.source,
    unfinished,
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

async function load({ deployment, close }: Session, env: NodeJS.ProcessEnv) {
  try {
    const [{ compileByName, storeBeside }, { runRunbook }, { unfinishedRun }] = await Promise.all([
      import("./compile.ts"),
      import("./run-runbook.ts"),
      import("./unfinished-run.ts"),
    ]);
    const { runbook } = await compileByName("status", storeBeside(deployment.file));
    return { runbook, runRunbook, unfinished: await unfinishedRun(deployment.name, env) };
  } catch (error) {
    await close();
    throw error;
  }
}

function noVerdict(runbook: Runbook, why: string | undefined): RedishaError {
  return new RedishaError({
    code: "STATUS_NO_VERDICT",
    message: why ?? `${runbook.source.path} gave no verdict: its outputs must hold \`verdict: steps.judge.outputs\`.`,
    exit: EXIT.usage,
    next: [`redisha runbook validate ${runbook.source.path}`],
  });
}
