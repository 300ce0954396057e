import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { oldNode } from "../../support/old-node.ts";
import { until } from "../../support/until.ts";

const ADDRESS = "127.61.9.1";
/** Takes connections and never answers: who looks at it has to wait. */
let silent: Server;
let folder: string;
let file: string;

beforeAll(async () => {
  silent = createServer().listen(0, ADDRESS);
  await once(silent, "listening");
  const address = silent.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  folder = await mkdtemp(join(tmpdir(), "redisha-test-ended-"));
  file = join(folder, "redisha.yaml");
  await writeFile(
    file,
    `version: 1
deployments:
  shop:
    topology: replication
    ssh: none
    hosts: { r1: { address: ${ADDRESS} } }
    redis: { on: [r1], port: ${address.port} }
`,
  );
});

afterAll(async () => {
  silent.close();
  await rm(folder, { recursive: true, force: true });
});

/** `redisha status`, once it waits for an answer. */
async function waitingStatus(node: string, ...flags: string[]): Promise<ChildProcess> {
  const env = { ...process.env, REDISHA_STATE_DIR: folder };
  const asked = once(silent, "connection");
  const argv = [packagePath("bin", "run.js"), "status", "--file", file, ...flags];
  const child = spawn(node, argv, { env, stdio: ["pipe", "ignore", "ignore"] });
  await asked;
  return child;
}

describe("redisha status, while it waits for an answer", () => {
  it("ends with the code of a termination when its terminal hangs up", async () => {
    const status = await waitingStatus(process.execPath);
    const ended = once(status, "exit");
    status.kill("SIGHUP");
    expect(await ended).toEqual([143, null]);
  });
});

describe("a Node that was started in place of one that is too old", () => {
  const old = oldNode();

  // Skipped where this machine has no Node that is too old to run redisha itself.
  it.skipIf(!old)("ends when the one it was started by is killed", async () => {
    const status = await waitingStatus(old ?? "", "--watch");
    const worker = readFileSync(`/proc/${status.pid}/task/${status.pid}/children`, "utf8").trim();
    expect(worker).toMatch(/^\d+$/);
    status.kill("SIGKILL");
    try {
      await until(async () => !existsSync(`/proc/${worker}`));
    } finally {
      if (existsSync(`/proc/${worker}`)) process.kill(Number(worker), "SIGKILL");
    }
  });
});
