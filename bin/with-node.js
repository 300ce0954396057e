// Plain JavaScript that any Node can read: it finds a Node that is new enough before anything else is loaded.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** Tells a Node that was started in place of an older one who that is. */
const PARENT = "REDISHA_STARTED_BY";
const LOOK_FOR_PARENT_MS = 500;

/**
 * Calls `start` where this Node is at least `oldest` ([major, minor]); else runs the same command with the Node that npm
 * installed beside redisha. What `start` resolves to is the exit code.
 */
export async function withNode(oldest, start) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    runWith(fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url)), oldest);
    return;
  }
  // A reader that goes away (`| head -1`) is no error. A run must go on without its words.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  // A hang-up ends what has no ending of its own with the code of a termination, not with one that stands in no table.
  process.on("SIGHUP", () => {
    if (process.listenerCount("SIGHUP") === 1) process.exit(128 + constants.signals.SIGTERM);
  });
  hangUpWithoutParent();
  const code = await start();
  await Promise.all([process.stdout, process.stderr].map(written));
  process.exit(code);
}

/** A pipe takes 64 KiB at once; what is beyond that is still to be written when the work is done, and an exit would cut it off. */
function written(stream) {
  if (stream.writableLength === 0 || stream.destroyed) return undefined;
  return new Promise((resolve) => stream.write("", resolve));
}

/** What an older Node has started is hung up when that Node is gone, even by SIGKILL: nobody could end it any more. */
function hangUpWithoutParent() {
  const parent = Number(process.env[PARENT]);
  delete process.env[PARENT];
  if (!parent) return;
  // Looking now and then costs nothing; a channel between the two would cost every start some milliseconds.
  const looking = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(looking);
    process.kill(process.pid, "SIGHUP");
  }, LOOK_FOR_PARENT_MS);
  looking.unref();
}

/** Hands everything over to another Node: terminal, signals and exit code are the same as if it had been called. */
function runWith(node, oldest) {
  const tooOld = `Error NODE_TOO_OLD: redisha needs Node ${oldest.join(".")} or newer, this is ${process.versions.node}`;
  if (!existsSync(node)) {
    process.stderr.write(`${tooOld}\nNext: install a newer Node, or run npm install beside redisha\n`);
    process.exitCode = 1;
    return;
  }
  const child = spawn(node, [...process.execArgv, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, [PARENT]: String(process.pid) },
  });
  for (const signal of ["SIGTERM", "SIGHUP", "SIGUSR2"]) process.on(signal, () => child.kill(signal));
  process.on("SIGINT", () => {
    // On a terminal Ctrl-C reaches the child by itself; given twice, it would mean "stop now".
    if (!process.stdin.isTTY && !process.stderr.isTTY) child.kill("SIGINT");
  });
  child.on("error", (error) => {
    process.stderr.write(`${tooOld}, and ${node} cannot be run: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}
