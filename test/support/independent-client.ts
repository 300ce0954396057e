/**
 * An application's client that shares no code with redisha: a process of its own, raw RESP, its own clock and log. It
 * appends numbers to a list, five milliseconds apart, and asks the Sentinels for the primary after an error or, with
 * `follow`, as soon as +switch-master is told.
 *
 *     node independent-client.ts '{"sentinels":[["127.0.0.1",26379]],"master":"mymaster","key":"k","follow":false}'
 *
 * Ends when its standard input does, and prints what it saw: one line of JSON.
 */
import { connect, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

const ANSWER_MS = 250;
const PERIOD_MS = 5;

interface Job {
  readonly sentinels: readonly (readonly [string, number])[];
  readonly master: string;
  readonly key: string;
  readonly follow: boolean;
}

const job: Job = JSON.parse(process.argv[2] ?? "");
const acks: [seq: number, at: number][] = [];
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let connection: Socket | undefined;
let address: string | undefined;
let stopping = false;
process.stdin.resume().on("end", () => {
  stopping = true;
});

/** Sends one command and gives the first reply as text; fails on silence, on an end, and on an error reply. */
function call(socket: Socket, ...words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const settle = (act: () => void) => {
      clearTimeout(timer);
      socket.off("data", more).off("close", gone);
      act();
    };
    const more = (chunk: Buffer) => {
      text += chunk.toString();
      if (!text.endsWith("\r\n")) return;
      settle(() => (text.startsWith("-") ? reject(new Error(text)) : resolve(text)));
    };
    const gone = () => settle(() => reject(new Error("closed")));
    const timer = setTimeout(() => settle(() => reject(new Error("silence"))), ANSWER_MS);
    socket.on("data", more).once("close", gone);
    socket.write(`*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`);
  });
}

function dial(host: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => socket.destroy(new Error("silence")), ANSWER_MS);
    socket.once("error", reject).once("connect", () => {
      clearTimeout(timer);
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

async function ask(): Promise<string> {
  for (const [host, port] of job.sentinels) {
    const sentinel = await dial(host, port).catch(() => undefined);
    if (!sentinel) continue;
    const reply = await call(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", job.master).catch(() => undefined);
    sentinel.destroy();
    const words = reply?.split("\r\n").filter((line) => line !== "" && !/^[*$]/.test(line)) ?? [];
    if (words.length === 2) return words.join(" ");
  }
  throw new Error("no Sentinel answers");
}

async function follow([host, port]: readonly [string, number]): Promise<void> {
  const socket = await dial(host, port);
  socket.write("*2\r\n$9\r\nSUBSCRIBE\r\n$14\r\n+switch-master\r\n");
  socket.on("data", (chunk) => {
    const told = new RegExp(`${job.master} \\S+ \\d+ (\\S+) (\\d+)`).exec(chunk.toString());
    if (!told) return;
    const to = `${told[1]} ${told[2]}`;
    if (to === address) return;
    address = to;
    connection?.destroy();
  });
}

const listening = job.follow ? job.sentinels.map(follow) : [];
await Promise.all(listening);
for (let seq = 0; !stopping; seq += 1) {
  const began = performance.now();
  let tried: string | undefined;
  try {
    address ??= await ask();
    tried = address;
    if (!connection || connection.destroyed) {
      const [host = "", port] = address.split(" ");
      connection = await dial(host, Number(port));
    }
    await call(connection, "RPUSH", job.key, String(seq));
    acks.push([seq, performance.now()]);
  } catch {
    connection?.destroy();
    // Told of another primary meanwhile, it goes there; else it asks.
    if (address === tried) address = undefined;
  }
  await new Promise((resolve) => setTimeout(resolve, Math.max(1, began + PERIOD_MS - performance.now())));
}
let longest = { gap_ms: 0, before: -1 };
for (const [index, [seq, at]] of acks.entries()) {
  const previous = acks[index - 1];
  if (previous && at - previous[1] > longest.gap_ms) longest = { gap_ms: at - previous[1], before: seq };
}
const late_ms = Math.max(0, delay.max / 1e6 - 5);
process.stdout.write(`${JSON.stringify({ acked: acks.map(([seq]) => seq), longest, late_ms })}\n`);
process.exit(0);
