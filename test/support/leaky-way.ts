import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A way to a port of this machine that can be cut: what passes is the real traffic. */
export interface LeakyWay {
  readonly port: number;
  /** How often it was cut. */
  readonly cuts: number;
  /** Cuts the next `times` connections once so many bytes of an answer have passed. */
  cutAfter(bytes: number, times: number): void;
  stop(): Promise<void>;
}

export async function startLeakyWay(target: number): Promise<LeakyWay> {
  let limit = Number.POSITIVE_INFINITY;
  let left = 0;
  let cuts = 0;
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(target, "127.0.0.1");
    let passed = 0;
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    near.on("close", () => far.destroy()).on("data", (chunk) => far.write(chunk));
    far.on("close", () => near.destroy());
    far.on("data", (chunk) => {
      passed += chunk.length;
      if (left > 0 && passed > limit) {
        left -= 1;
        cuts += 1;
        near.destroy();
      } else near.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get cuts() {
      return cuts;
    },
    cutAfter: (bytes, times) => {
      limit = bytes;
      left = times;
      cuts = 0;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
