import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { driftOf } from "../../preflight/drift.ts";
import { type ProcessFacts, processFactsSchema } from "../../preflight/facts.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { asRoot } from "../os/as-root.ts";

/** `$1` pid, `$2` its folder of data, `$3` its file, then certificates. Each part of the answer has a line `== NAME` above it. */
const LOOK = `
echo "== nofile"; sed -n 's/^Max open files *\\([0-9a-z]*\\) .*/\\1/p' "/proc/$1/limits" 2>/dev/null
echo "== swapped"; sed -n 's/^VmSwap: *\\([0-9]*\\) kB/\\1/p' "/proc/$1/status" 2>/dev/null
echo "== disk"; [ -d "$2" ] && df -P -k -- "$2" | tail -n 1
echo "== data"; [ -d "$2" ] && du -sk -- "$2" | cut -f 1
echo "== file"; [ -f "$3" ] && base64 -w0 <"$3"; echo
shift 3
for name; do echo "== cert $name"; base64 -w0 <"$name" 2>/dev/null; echo; done
:
`;

/** Reads what checks want of the process behind an instance: what its host knows, and its files. */
export const preflightProcess = defineAction({
  name: "preflight.process",
  summary:
    "Reads of the process of each targeted instance what checks look at: limits, swap, disk, its file held against its memory, certificates",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: processFactsSchema,
  example: `- id: processes
  action: preflight.process
  targets: { role: any }
  with: {}`,
  commands: () => [
    { transport: "redis", text: "INFO" },
    { transport: "redis", text: "CONFIG GET *" },
    { transport: "script", text: "/proc/PID/limits, df, du, the server's file and its certificates" },
  ],
  async run(_input, context) {
    try {
      return { outputs: await read(context), changed: false };
    } catch (error) {
      context.signal.throwIfAborted();
      const nothing = { nofile: null, swapped: null, disk: null, drift: null, certificates: null };
      return { outputs: { read: false, why: messageOf(error), ...nothing }, changed: false };
    }
  },
});

async function read(context: ActionContext): Promise<ProcessFacts> {
  const instance = instanceOf(context);
  const redis = await context.redis(instance);
  const { signal } = context;
  const info = parseInfo(String(await redis.command(["INFO", "server"], { signal })));
  const memory = instance.kind === "data" ? pairsOf(await redis.command(["CONFIG", "GET", "*"], { signal })) : {};
  const certificates = ["tls-cert-file", "tls-client-cert-file", "tls-ca-cert-file"].flatMap(
    (name) => memory[name] || [],
  );
  const file = info.config_file ?? "";
  const args = [info.process_id ?? "", memory.dir ?? "", file, ...new Set(certificates)];
  const failure = { code: "PROCESS_NOT_READ", what: "its process cannot be looked at", state: "nothing was changed" };
  const host: Pick<ActionContext, "host"> = { host: instance.host };
  const part = partsOf(await asRoot({ ...context, ...host }, LOOK, args, failure));
  const text = part("file");
  return {
    read: true,
    why: null,
    nofile: limitOf(part("nofile")),
    swapped: numberIn(part("swapped"), 1_024),
    disk: diskOf(part("disk"), numberIn(part("data"), 1_024), memory.dir ?? ""),
    drift:
      instance.kind === "data" && text !== ""
        ? driftOf(Buffer.from(text, "base64").toString(), memory, versionOf(info))
        : null,
    certificates: memory["tls-cert-file"]
      ? certificates.flatMap((path) => certificateIn(part(`cert ${path}`), path))
      : [],
  };
}

function partsOf(said: string): (name: string) => string {
  const parts = new Map(
    said.split(/^== /m).map((part) => {
      const [name = "", ...lines] = part.split("\n");
      return [name, lines.join("\n").trim()] as const;
    }),
  );
  return (name) => parts.get(name) ?? "";
}

function versionOf(info: Readonly<Record<string, string>>): { name: string; version: string } {
  const valkey = info.valkey_version;
  return valkey === undefined
    ? { name: "redis", version: info.redis_version ?? "" }
    : { name: "valkey", version: valkey };
}

function limitOf(text: string): number | null {
  return text === "unlimited" ? Number.MAX_SAFE_INTEGER : numberIn(text, 1);
}

function numberIn(text: string, unit: number): number | null {
  return /^\d+$/.test(text) ? Number(text) * unit : null;
}

/** A line of `df -P -k`: device, size, used, free, share, where it is mounted. */
function diskOf(line: string, data: number | null, path: string): ProcessFacts["disk"] {
  const [, size = "", , free = ""] = line.split(/\s+/);
  const [sizeBytes, freeBytes] = [numberIn(size, 1_024), numberIn(free, 1_024)];
  return sizeBytes === null || freeBytes === null ? null : { path, size: sizeBytes, free: freeBytes, data: data ?? 0 };
}

/** The first certificate of a PEM file: its server's own, or of an authority. */
function certificateIn(text: string, path: string): NonNullable<ProcessFacts["certificates"]> {
  try {
    const { subject, validTo } = new X509Certificate(Buffer.from(text, "base64"));
    return [{ path, subject: subject.replaceAll("\n", ", "), not_after: new Date(validTo).toISOString() }];
  } catch {
    return [];
  }
}
