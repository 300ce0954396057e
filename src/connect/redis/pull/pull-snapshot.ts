import type { Duplex, Readable } from "node:stream";
import { RedishaError } from "../../../core/errors.ts";
import type { HostConnection, RedisTarget } from "../../types.ts";
import { readTlsFiles, startTls } from "../tls.ts";
import { openStream } from "../transport.ts";
import { closed, LineReader } from "./line-reader.ts";
import { type Framing, Payload, readFraming } from "./payload.ts";

/** A snapshot on its way. */
export interface PulledSnapshot {
  /** The bytes of an RDB file; fails where they do not come whole. */
  readonly content: Readable;
  /** Of the file, where the server wrote one first; unknown where it sends while it saves. */
  readonly size: number | undefined;
  /** Where the replication stream goes on behind it. */
  readonly replicationId: string;
  readonly offset: number;
}

/**
 * Has a server send its data as it would to a new replica, and stops when the snapshot is whole. It costs the server one
 * fork, no file of its own where it replicates without disk, and no SSH. From 6.2 on it is told that nothing will follow
 * (`rdb-only`), so that it keeps no output for us meanwhile.
 *
 * Fails with REDIS_… where it cannot be reached, SNAPSHOT_REFUSED with the server's own words (`NOMASTERLINK` of a replica
 * without its primary, missing permissions: +psync +replconf), SNAPSHOT_BROKEN_OFF.
 */
export async function pullSnapshot(
  target: RedisTarget,
  options: { readonly through?: HostConnection; readonly signal: AbortSignal; readonly waiting?: () => void },
): Promise<PulledSnapshot> {
  const stream = await connected(target, options);
  const stop = () => stream.destroy(options.signal.reason);
  options.signal.addEventListener("abort", stop, { once: true });
  stream.once("close", () => options.signal.removeEventListener("abort", stop));
  try {
    return await begin(target, stream, options.waiting);
  } catch (error) {
    stream.destroy();
    throw options.signal.aborted ? options.signal.reason : error;
  }
}

async function connected(
  target: RedisTarget,
  { through, signal }: { readonly through?: HostConnection; readonly signal: AbortSignal },
): Promise<Duplex> {
  const route = { target, through };
  const limited = AbortSignal.any([signal, AbortSignal.timeout(target.connectTimeoutMs)]);
  const raw = await openStream(route, limited);
  raw.on("error", () => undefined);
  if (!target.tls) return raw;
  return startTls(route, target.tls, await readTlsFiles(target.tls), raw);
}

async function begin(target: RedisTarget, stream: Duplex, waiting?: () => void): Promise<PulledSnapshot> {
  const { instance, auth } = target;
  const reader = new LineReader(stream, instance);
  const ask = async (...words: string[]): Promise<string> => {
    stream.write(encode(words));
    return reader.line();
  };
  const password = await auth?.password?.();
  if (auth?.username !== undefined) refuseError(await ask("AUTH", auth.username, password ?? ""), "AUTH", instance);
  else if (password !== undefined) refuseError(await ask("AUTH", password), "AUTH", instance);
  // A server that does not know one of them says so, and sends the snapshot all the same.
  await ask("REPLCONF", "capa", "eof");
  await ask("REPLCONF", "rdb-only", "1");
  stream.write(encode(["PSYNC", "?", "-1"]));
  const [, replicationId, offset] = await reply(reader, instance, /^\+FULLRESYNC ([0-9a-f]+) (-?\d+)/, waiting);
  const [head] = await reply(reader, instance, /^\$(?:\d+|EOF:.{40})$/s, waiting);
  const framing = readFraming(head ?? "");
  if (!framing || replicationId === undefined) throw closed(instance, "it did not say how long the snapshot is");
  return {
    content: contentOf(stream, reader.rest(), framing, instance),
    size: "length" in framing ? framing.length : undefined,
    replicationId,
    offset: Number(offset),
  };
}

/** Not `pipeline`: what has come whole is whole, and the connection behind it is closed in the middle of something. */
function contentOf(stream: Duplex, rest: Buffer, framing: Framing, instance: string): Readable {
  const content = new Payload(framing, instance, () => {
    stream.unpipe(content);
    stream.destroy();
    content.end();
  });
  content.once("close", () => stream.destroy());
  stream.once("close", () => {
    // After a proper end the last bytes may still be on their way into `content`, which judges by itself.
    if (stream.readableEnded) return;
    const why = stream.errored?.message ?? "it closed the connection";
    if (!content.whole)
      content.destroy(stream.errored instanceof RedishaError ? stream.errored : closed(instance, why));
  });
  if (rest.length > 0) content.write(rest);
  if (!content.whole) stream.pipe(content);
  return content;
}

/** The first line that matters: empty ones say, while the server forks and saves, that it is still there. */
async function reply(
  reader: LineReader,
  instance: string,
  wanted: RegExp,
  waiting: (() => void) | undefined,
): Promise<readonly (string | undefined)[]> {
  for (;;) {
    const line = await reader.line();
    const match = wanted.exec(line);
    if (match) return [...match];
    if (line !== "") refuseError(line, "PSYNC", instance);
    if (line !== "" && !line.startsWith("+")) throw closed(instance, "it answered something that is no snapshot");
    waiting?.();
  }
}

function refuseError(line: string, command: string, instance: string): void {
  if (!line.startsWith("-")) return;
  throw new RedishaError({
    code: "SNAPSHOT_REFUSED",
    message: `${instance} refused ${command}: ${line.slice(1)}`,
    host: instance,
    state: "nothing was stored",
    next: [
      "ACL SETUSER … +psync +replconf +ping lets a user pull snapshots",
      "redisha status: a replica without its primary sends none",
    ],
  });
}

function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
