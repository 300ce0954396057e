/**
 * A run in a process of its own, to be stopped and killed: `run-holder.ts INVENTORY RUNBOOK STATE [RUN [rollback]]`, with a
 * run to resume, or to roll back.
 * Prints each event as a line of JSON, and the summary as the last.
 */
import { describeError } from "../../src/engine/describe-error.ts";
import { NO_ANSWERS } from "../../src/engine/doubt.ts";
import type { RunEvent } from "../../src/engine/events.ts";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { compileByName, storeBeside } from "../../src/use-cases/compile.ts";
import { resumeRun, rollBackRun } from "../../src/use-cases/continue-run.ts";
import { runRunbook } from "../../src/use-cases/run-runbook.ts";
import { showRun } from "../../src/use-cases/runs.ts";
import { openSession } from "../../src/use-cases/session.ts";

const [inventory = "", ref = "", state = "", past, how] = process.argv.slice(2);
const say = (data: unknown) => process.stdout.write(`${JSON.stringify(data)}\n`);
const signal = new AbortController().signal;
const { deployments } = await loadInventory(inventory);
const [deployment] = deployments;
if (!deployment) throw new Error("the inventory holds no deployment");
const { runbook } = await compileByName(ref, storeBeside(inventory));
const session = openSession(deployment, signal);
const env = { ...process.env, REDISHA_STATE_DIR: state };
const sink = (event: RunEvent) => void say(event);
const request = { runbook, session, sink, signal, pause: signal, env };
try {
  const summary =
    past === undefined
      ? await runRunbook({ ...request, inputs: {} })
      : await (how === "rollback" ? rollBackRun : resumeRun)({
          ...request,
          past: await showRun(past, env),
          answers: NO_ANSWERS,
          acceptChanged: false,
        });
  say({ type: "summary", ...summary });
} catch (error) {
  say({ type: "summary", status: "thrown", error: describeError(error) });
} finally {
  await session.close();
}
