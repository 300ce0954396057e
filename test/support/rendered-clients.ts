/**
 * Client libraries as `redisha render` sets them up, each in a process of its own that saves and loads sessions one after the
 * other and says of each what became of it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { packagePath } from "../../src/core/package-root.ts";
import { KINDS } from "../../src/render/kinds/catalog.ts";
import type { TestLab } from "./lab.ts";
import { redisha } from "./redisha.ts";

export interface RenderedClient extends AsyncDisposable {
  readonly name: string;
  /** Sessions that were saved and found again. */
  done(): number;
  /** What was not, and all else that it said. */
  trouble(): readonly string[];
}

/** Renders a kind into `folder/NAME`, to be used on this machine. It goes on trying for as long as any test lasts. */
export async function renderClient(lab: TestLab, name: string, folder: string): Promise<string> {
  const out = join(folder, name);
  const ca = join(lab.status.folder, "tls", "ca.crt");
  const set = [`prefix=${name}:`, "deadline=10m", `ca=${ca}`].flatMap((each) => ["--set", each]);
  const { code, stderr } = await redisha(["render", name, "--file", lab.file, "--out", `${out}/`, ...set]);
  if (code !== 0) throw new Error(stderr);
  return out;
}

/** The one file of a kind. */
export function fileOf(name: string): string {
  return KINDS.find((kind) => kind.name === name)?.files[0] ?? "";
}

/** Has a program go on with sessions until it is disposed of. */
export async function runClient(lab: TestLab, name: string, argv: readonly string[]): Promise<RenderedClient> {
  const [program = "", ...args] = argv;
  const secret = async (role: string) =>
    (await readFile(join(lab.status.folder, "secrets", `${role}.password`), "utf8")).trim();
  const password = lab.status.auth === "none" ? "" : await secret("operator");
  const env = { ...process.env, REDIS_PASSWORD: password, REDIS_SENTINEL_PASSWORD: password };
  const child: ChildProcess = spawn(program, args, { env, cwd: packagePath(), stdio: ["ignore", "pipe", "pipe"] });
  let done = 0;
  const trouble: string[] = [];
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n");
    rest = lines.pop() ?? "";
    done += lines.filter((line) => line.startsWith("ok ")).length;
    trouble.push(...lines.filter((line) => !line.startsWith("ok ")));
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2_000);
  });
  child.once("exit", (code, signal) => {
    if (signal !== "SIGKILL") trouble.push(`ended with ${code ?? signal}: ${said}`);
  });
  return {
    name,
    done: () => done,
    trouble: () => trouble,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}
