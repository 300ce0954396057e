import { spawn } from "node:child_process";
import { basename } from "node:path";
import type { Readable } from "node:stream";
import { readCheckReport } from "../../backup/check-report.ts";
import { RdbScanner } from "../../backup/rdb-scan.ts";
import type { ServerProgram } from "../../scratch/find-program.ts";

/** What checks a snapshot where no program of this machine can read its format. */
export const CHECKSUM_ALONE = "its checksum";

interface ReadRdb {
  /** Null where nobody counted. */
  readonly keys: number | null;
  readonly problems: readonly string[];
}

/** Reads a plain snapshot to its end: by the checking program beside a server, or by its checksum alone. */
export function readRdb(content: Readable, program: ServerProgram | undefined): Promise<ReadRdb> {
  return program ? throughTool(content, program) : throughScanner(content);
}

/** redis-check-rdb reads a pipe by its name; what it says of the end is held against the bytes that went in. */
async function throughTool(content: Readable, program: ServerProgram): Promise<ReadRdb> {
  const tool = program.path.replace(/-server$/, "-check-rdb");
  // What Node calls a pipe is a socket, which cannot be opened by its name; one of the shell can.
  const child = spawn("/bin/sh", ["-c", 'cat | "$1" /dev/stdin', "sh", tool], { stdio: ["pipe", "pipe", "ignore"] });
  let output = "";
  let size = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("latin1");
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  content.on("data", (chunk: Buffer) => {
    size += chunk.length;
  });
  // It closes its end as soon as it has found something: the rest is read for the digest all the same.
  child.stdin.on("error", () => content.unpipe(child.stdin).resume());
  const whole = new Promise<void>((resolve, reject) => {
    content.once("end", resolve).once("error", reject);
  });
  content.pipe(child.stdin);
  try {
    await whole;
  } catch (error) {
    child.kill("SIGKILL");
    await ended.catch(() => undefined);
    throw error;
  }
  const report = readCheckReport(await ended, output);
  if (!report.ok) return { keys: report.keys, problems: [`${basename(program.path)}: ${report.complaint}`] };
  const behind = report.end === null ? 0 : size - report.end;
  return { keys: report.keys, problems: behind === 0 ? [] : [`${behind} bytes stand behind the end of the snapshot`] };
}

/** Where no program of this machine can read the format: head, end and checksum. */
async function throughScanner(content: Readable): Promise<ReadRdb> {
  const scanner = new RdbScanner();
  for await (const chunk of content) scanner.update(chunk);
  const { header, ended, checksum } = scanner.finish();
  const problems = [
    ...(header ? [] : ["it does not begin as a snapshot does"]),
    ...(ended ? [] : ["it does not end as a snapshot does"]),
    ...(checksum === "mismatch" ? ["its checksum does not fit"] : []),
  ];
  return { keys: null, problems };
}
