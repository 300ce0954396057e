/**
 * Ways in which a port can fail to answer that no signal to a server brings about.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Takes one connection and is then stopped: its queue is full soon, and the kernel drops every SYN after that. */
const LISTENER = `
  const server = require("node:net").createServer();
  server.listen({ host: process.argv[1], port: Number(process.argv[2]), backlog: 1 }, () => console.log("ready"));
`;

/** Makes a port of this machine swallow every SYN, as a firewall that drops packets does. Nobody else may listen there. */
export async function swallowConnections(address: string, port: number): Promise<AsyncDisposable> {
  const listener = spawn(process.execPath, ["-e", LISTENER, address, String(port)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(listener.stdout, "data");
  listener.kill("SIGSTOP");
  const queued: Socket[] = [];
  const dispose = async (): Promise<void> => {
    for (const socket of queued) socket.destroy();
    listener.kill("SIGKILL");
    if (listener.exitCode === null && listener.signalCode === null) await once(listener, "exit");
  };
  for (let tries = 0; tries < 20; tries += 1) {
    const socket = connect({ host: address, port });
    socket.on("error", () => undefined);
    queued.push(socket);
    const connected = await Promise.race([once(socket, "connect").then(() => true), sleep(300).then(() => false)]);
    if (!connected) return { [Symbol.asyncDispose]: dispose };
  }
  await dispose();
  throw new Error(`${address}:${port} goes on taking connections`);
}
