import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** A way to a server on which the first answer of each connection is late: what logging in over TLS to a busy machine is like. */
export interface SlowWay extends AsyncDisposable {
  readonly port: number;
}

/** Opens one on 127.0.0.1. */
export async function openSlowWay(target: { address: string; port: number }, lateMs: number): Promise<SlowWay> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target.port, target.address);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    near.on("close", () => far.destroy()).on("data", (chunk) => far.write(chunk));
    far.on("close", () => near.destroy());
    const begun = delay(lateMs);
    far.on("data", (chunk) => void begun.then(() => near.writable && near.write(chunk)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
