import { connect, createServer, type Socket } from "node:net";

/**
 * Passes bytes on as late as a network would: `node bench/delay-proxy.ts DELAY_MS FROM:PORT TO:PORT…`. Each direction is late by
 * so much, whatever else is on its way. Timers of Node count in milliseconds, so that less is waited for by looking all the time.
 */
const [delay = "0", ...ways] = process.argv.slice(2);
const lateMs = Number(delay);
const line: { readonly at: number; readonly to: Socket; readonly chunk: Buffer | undefined }[] = [];
let looking = false;

for (let at = 0; at < ways.length; at += 2) {
  const [host = "", port = ""] = (ways[at] ?? "").split(":");
  const [toHost = "", toPort = ""] = (ways[at + 1] ?? "").split(":");
  createServer((near) => {
    const far = connect(Number(toPort), toHost);
    pass(near, far);
    pass(far, near);
  }).listen(Number(port), host);
}
process.stdout.write("ready\n");

function pass(from: Socket, to: Socket): void {
  from.setNoDelay(true);
  from.on("error", () => undefined);
  from.on("data", (chunk) => send(to, Buffer.from(chunk)));
  from.on("close", () => send(to, undefined));
}

function send(to: Socket, chunk: Buffer | undefined): void {
  line.push({ at: performance.now() + lateMs, to, chunk });
  if (!looking) look();
}

function look(): void {
  const now = performance.now();
  while (line[0] && line[0].at <= now) {
    const next = line.shift();
    if (!next?.to.destroyed) next?.chunk ? next.to.write(next.chunk) : next?.to.end();
  }
  looking = line.length > 0;
  if (looking) setImmediate(look);
}
