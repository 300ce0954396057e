import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

/**
 * Passes bytes on as late as a network would: `node bench/delay-proxy.ts FROM:PORT TO:PORT…`. Each direction is late by as many
 * milliseconds as the last line of the input says, whatever else is on its way. Timers of Node count in milliseconds, and looking
 * all the time would take a processor from what is measured: a thread waits instead, to some hundredths of a millisecond.
 */
if (isMainThread) await proxy(process.argv.slice(2));
else clock(workerData);

async function proxy(ways: readonly string[]): Promise<void> {
  let lateMs = 0;
  process.stdin.on("data", (line) => {
    lateMs = Number(line);
  });
  const line: { readonly at: number; readonly to: Socket; readonly chunk: Buffer | undefined }[] = [];
  const shared = new SharedArrayBuffer(16);
  const [armed, due] = [new Int32Array(shared, 0, 1), new Float64Array(shared, 8, 1)];
  const waiting = new Worker(new URL(import.meta.url), { workerData: shared });

  const send = (to: Socket, chunk: Buffer | undefined) => {
    line.push({ at: now() + lateMs, to, chunk });
    if (line.length === 1) arm();
  };
  const arm = () => {
    due[0] = line[0]?.at ?? 0;
    Atomics.store(armed, 0, 1);
    Atomics.notify(armed, 0);
  };
  waiting.on("message", () => {
    while (line[0] && line[0].at <= now()) {
      const next = line.shift();
      if (!next?.to.destroyed) next?.chunk ? next.to.write(next.chunk) : next?.to.end();
    }
    if (line.length > 0) arm();
  });
  const pass = (from: Socket, to: Socket) => {
    from.setNoDelay(true);
    from.on("error", () => undefined);
    from.on("data", (chunk) => send(to, Buffer.from(chunk)));
    from.on("close", () => send(to, undefined));
  };

  for (let at = 0; at < ways.length; at += 2) {
    const [host = "", port = ""] = (ways[at] ?? "").split(":");
    const [toHost = "", toPort = ""] = (ways[at + 1] ?? "").split(":");
    const server = createServer((near) => {
      const far = connect(Number(toPort), toHost);
      pass(near, far);
      pass(far, near);
    });
    await once(server.listen(Number(port), host), "listening");
  }
  process.stdout.write("ready\n");
}

/** Waits for the moment that it is told of, says so, and waits for the next. */
function clock(shared: SharedArrayBuffer): void {
  const [armed, due] = [new Int32Array(shared, 0, 1), new Float64Array(shared, 8, 1)];
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) {
    Atomics.wait(armed, 0, 0);
    Atomics.store(armed, 0, 0);
    for (let left = (due[0] ?? 0) - now(); left > 0; left = (due[0] ?? 0) - now()) Atomics.wait(never, 0, 0, left);
    parentPort?.postMessage(0);
  }
}

/** The same for both threads. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
