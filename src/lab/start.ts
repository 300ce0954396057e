import { mkdir, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf, RedishaError } from "../core/errors.ts";
import { connectTo } from "./connect.ts";
import type { Credentials } from "./credentials.ts";
import { spawnServer } from "./processes.ts";
import { needProgram } from "./programs.ts";
import { CONF } from "./redis-conf.ts";
import { type LabProcess, type LabSpec, logOf } from "./spec.ts";

/** A server that has not answered by then will not: it loads at most what a lab can hold. */
const START_TIMEOUT_MS = 30_000;

/**
 * Starts one process of the lab and waits until it answers: a PING for servers, a connection for sshd.
 * Fails with LAB_PROCESS_DIED or LAB_PROCESS_SILENT, both with the last lines of its log.
 */
export async function startProcess(
  spec: LabSpec,
  node: LabProcess,
  credentials: Credentials | undefined,
  signal?: AbortSignal,
): Promise<void> {
  signal?.throwIfAborted();
  const log = logOf(node);
  const cwd = node.service === "redis" ? join(node.folder, "data") : node.folder;
  await mkdir(cwd, { recursive: true, mode: 0o700 });
  const child = spawnServer(commandOf(spec, node), { folder: spec.folder, cwd, log });
  let ended: string | undefined;
  child.once("error", (error) => {
    ended = error.message;
  });
  child.once("exit", (code, killedBy) => {
    ended = killedBy ? `was ended by ${killedBy}` : `ended with status ${code}`;
  });
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const silent = await answers(spec, node, credentials);
    if (silent === undefined) return;
    if (ended !== undefined) throw await startFailed("LAB_PROCESS_DIED", node, ended);
    if (Date.now() > deadline) throw await startFailed("LAB_PROCESS_SILENT", node, `does not answer: ${silent}`);
    await sleep(15, undefined, signal ? { signal } : {});
  }
}

function commandOf(spec: LabSpec, node: LabProcess): [string, ...string[]] {
  switch (node.service) {
    case "redis":
      return [spec.engine.server, join(node.folder, CONF.redis)];
    case "sentinel":
      return [spec.engine.server, join(node.folder, CONF.sentinel), "--sentinel"];
    case "sshd":
      // -D: stay in the foreground; -e: say it on standard error, which is the log.
      return [
        needProgram("sshd", "the hosts of a lab", "openssh-server"),
        "-D",
        "-e",
        "-f",
        join(node.folder, "sshd_config"),
      ];
  }
}

/** Undefined once the process answers, otherwise why not. */
async function answers(
  spec: LabSpec,
  node: LabProcess,
  credentials: Credentials | undefined,
): Promise<string | undefined> {
  // ioredis is slow to find out that nothing listens; a bare connection tells at once.
  const refused = await tryToConnect(node.address, node.port);
  if (refused !== undefined || node.service === "sshd") return refused;
  try {
    (await connectTo(spec, node, credentials)).close();
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
}

function tryToConnect(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 1_000 });
    const settle = (outcome: string | undefined): void => {
      socket.destroy();
      resolve(outcome);
    };
    socket.once("connect", () => settle(undefined));
    socket.once("timeout", () => settle("timed out"));
    socket.once("error", (error) => settle(error.message));
  });
}

async function startFailed(code: string, node: LabProcess, what: string): Promise<RedishaError> {
  const log = logOf(node);
  const last = (await readFile(log, "utf8").catch(() => "")).trimEnd().split("\n").slice(-5);
  return new RedishaError({
    code,
    message: `${node.service} ${what}\n  ${last.join("\n  ")}`,
    host: node.id,
    state: `${node.id} does not run`,
    next: [`less ${log}`],
  });
}
