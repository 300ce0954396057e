import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";
import type { HostConnection } from "../../src/connect/types.ts";

/**
 * A host that can only forward: it connects from this machine, and gives what an SSH connection gives, a duplex stream
 * that is no socket and may stay half open. `from` is the address that it connects from.
 */
export function forwardingHost(options: { host?: string; from?: string } = {}): HostConnection & { open: Set<Duplex> } {
  const open = new Set<Duplex>();
  const unused = () => Promise.reject(new Error("only forward is there"));
  return {
    host: options.host ?? "r1",
    adapter: "ssh2",
    closed: false,
    open,
    exec: unused,
    script: unused,
    stream: unused,
    upload: unused,
    download: unused,
    close: () => Promise.resolve(),
    async forward(address, port, signal) {
      const socket = connect({ host: address, port, ...(options.from ? { localAddress: options.from } : {}) });
      const stop = () => socket.destroy(new Error("aborted"));
      signal?.addEventListener("abort", stop, { once: true });
      await once(socket, "connect").finally(() => signal?.removeEventListener("abort", stop));
      const channel = asChannel(socket);
      open.add(channel.once("close", () => open.delete(channel)));
      return channel;
    },
  };
}

function asChannel(socket: Socket): Duplex {
  const channel = new Duplex({
    allowHalfOpen: true,
    read: () => void socket.resume(),
    write: (chunk, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy: (error, done) => {
      socket.destroy();
      done(error);
    },
  });
  socket.on("data", (chunk) => channel.push(chunk) || socket.pause());
  socket.once("end", () => channel.push(null));
  // A channel ends without saying why, as one of SSH does when the far connection is reset.
  socket.once("error", () => channel.push(null));
  return channel;
}
