import { connect, type Socket } from "node:net";
import { socketFailure } from "../ssh-errors.ts";
import type { Hop } from "./route.ts";

/**
 * A TCP connection to sshd. Without Nagle's algorithm from its first byte: with it, small packets wait for the other
 * side's delayed acknowledgement, some 40 ms twice per command.
 */
export function dial(hop: Hop, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: hop.host,
      port: hop.port,
      family: hop.family,
      noDelay: true,
      keepAlive: true,
      ...(hop.bindAddress ? { localAddress: hop.bindAddress } : {}),
    });
    const giveUp = () => {
      socket.destroy();
      reject(signal.reason);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    const failed = (error: Error) => {
      signal.removeEventListener("abort", giveUp);
      reject(socketFailure(hop, error));
    };
    socket.once("error", failed);
    socket.once("connect", () => {
      signal.removeEventListener("abort", giveUp);
      // It may break before anybody else listens; whoever takes it over looks whether it has.
      socket.on("error", () => undefined);
      socket.removeListener("error", failed);
      resolve(socket);
    });
  });
}
