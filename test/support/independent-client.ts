/**
 * An application's client that shares no code with redisha: a process of its own, raw RESP, its own clock and log. It
 * appends numbers to a list, five milliseconds apart. After an error it asks the Sentinels for the primary, the one first
 * that answered last, or goes on to the next node of a Cluster, and where MOVED points; with `follow` it goes to the new primary
 * as soon as a Sentinel tells +switch-master.
 *
 *     node independent-client.ts '{"sentinels":[["127.0.0.1",26379]],"master":"mymaster","key":"k","follow":false}'
 *     node independent-client.ts '{"nodes":[["127.0.0.1",6379]],"key":"k"}'
 *
 * INDEPENDENT_PASSWORD is the password of servers, where there is one. Ends when its standard input does, and prints what it
 * saw: one line of JSON.
 */
import { connect, type Socket } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";

const ANSWER_MS = 250;
const PERIOD_MS = 5;

type Endpoint = readonly [host: string, port: number];

interface Job {
  readonly sentinels?: readonly Endpoint[];
  readonly master?: string;
  readonly follow?: boolean;
  readonly nodes?: readonly Endpoint[];
  readonly key: string;
}

const job: Job = JSON.parse(process.argv[2] ?? "");
const password = process.env.INDEPENDENT_PASSWORD;
const acks: { seq: number; sent: number; at: number }[] = [];
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
let askable = [...(job.sentinels ?? [])];
let connection: Socket | undefined;
let dialling: Socket | undefined;
let address: string | undefined;
let node = 0;
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

function dial([host, port]: Endpoint, begun?: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    begun?.(socket);
    const timer = setTimeout(() => socket.destroy(new Error("silence")), ANSWER_MS);
    socket.once("close", () => reject(new Error("closed")));
    socket.once("error", reject).once("connect", () => {
      clearTimeout(timer);
      socket.on("error", () => undefined);
      resolve(socket);
    });
  });
}

/** The connection to write on. */
async function reach(to: string): Promise<Socket> {
  const [host = "", port] = to.split(" ");
  const socket = await dial([host, Number(port)], (begun) => {
    dialling = begun;
  });
  if (password !== undefined) await call(socket, "AUTH", password);
  return socket;
}

/** Where the primary is, or may be. */
async function ask(): Promise<string> {
  if (job.nodes) return (job.nodes[node % job.nodes.length] ?? []).join(" ");
  for (const sentinel of askable) {
    const socket = await dial(sentinel).catch(() => undefined);
    if (!socket) continue;
    const reply = await call(socket, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", job.master ?? "").catch(() => undefined);
    socket.destroy();
    const words = reply?.split("\r\n").filter((line) => line !== "" && !/^[*$]/.test(line)) ?? [];
    if (words.length !== 2) continue;
    askable = [sentinel, ...askable.filter((other) => other !== sentinel)];
    return words.join(" ");
  }
  throw new Error("no Sentinel answers");
}

/** After an error: the next node, or the one that a node named. */
function elsewhere(error: unknown): string | undefined {
  const moved = /-MOVED \d+ (.*):(\d+)/.exec(String(error));
  if (moved) return `${moved[1]} ${moved[2]}`;
  node += 1;
  return undefined;
}

async function follow(sentinel: Endpoint): Promise<void> {
  const socket = await dial(sentinel);
  socket.write("*2\r\n$9\r\nSUBSCRIBE\r\n$14\r\n+switch-master\r\n");
  socket.on("data", (chunk) => {
    const told = new RegExp(`${job.master} \\S+ \\d+ (\\S+) (\\d+)`).exec(chunk.toString());
    if (!told) return;
    const to = `${told[1]} ${told[2]}`;
    if (to === address) return;
    address = to;
    dialling?.destroy();
    connection?.destroy();
  });
}

if (job.follow) await Promise.all(askable.map(follow));
for (let seq = 0; !stopping; seq += 1) {
  const began = performance.now();
  let tried: string | undefined;
  try {
    address ??= await ask();
    tried = address;
    if (!connection || connection.destroyed) connection = await reach(address);
    const sent = performance.now();
    await call(connection, "RPUSH", job.key, String(seq));
    acks.push({ seq, sent, at: performance.now() });
  } catch (error) {
    connection?.destroy();
    // Told of another primary meanwhile, it goes there; else it asks.
    if (address === tried) address = elsewhere(error);
  }
  await new Promise((resolve) => setTimeout(resolve, Math.max(1, began + PERIOD_MS - performance.now())));
}
/** The longest time between two acknowledgements, and when the write before it was sent and the one after it acknowledged. */
let longest = { gap_ms: 0, before: -1, sent_at: 0, acked_at: 0 };
for (const [index, { seq, at }] of acks.entries()) {
  const previous = acks[index - 1];
  if (!previous || at - previous.at <= longest.gap_ms) continue;
  const { timeOrigin } = performance;
  longest = { gap_ms: at - previous.at, before: seq, sent_at: timeOrigin + previous.sent, acked_at: timeOrigin + at };
}
const late_ms = Math.max(0, delay.max / 1e6 - 5);
process.stdout.write(`${JSON.stringify({ acked: acks.map(({ seq }) => seq), longest, late_ms })}\n`);
process.exit(0);
