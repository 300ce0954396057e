import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Route } from "./endpoint.ts";
import { streamTrouble } from "./trouble.ts";

/** Idle time after which the system asks the other side whether it is still there. */
const KEEP_ALIVE_MS = 30_000;

/** A byte stream to the instance: a TCP connection from here, or one that `through` makes from its host. */
export async function openStream(route: Route, signal: AbortSignal): Promise<Duplex> {
  const { target, through } = route;
  try {
    if (!through) return await tcp(target.address, target.port, signal);
    return endWithOtherSide(await through.forward(target.address, target.port, signal));
  } catch (error) {
    throw streamTrouble(route, error);
  }
}

function tcp(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
    const stop = () => socket.destroy(signal.reason);
    const settle = (act: () => void) => {
      signal.removeEventListener("abort", stop);
      socket.off("connect", connected).off("error", failed);
      act();
    };
    const connected = () => settle(() => resolve(socket));
    const failed = (error: Error) => settle(() => reject(error));
    socket.once("connect", connected).once("error", failed);
    signal.addEventListener("abort", stop, { once: true });
  });
}

/** A forwarded channel may stay half open when the server closes; a socket does not. */
function endWithOtherSide(stream: Duplex): Duplex {
  return stream.once("end", () => stream.destroy());
}

/** A stream with what became of it: the first bytes that came, and the error that ended it. */
export interface Wire {
  readonly stream: Duplex;
  /** The beginning of what the server said; empty where it said nothing. */
  greeting(): Buffer;
  error(): Error | undefined;
}

/** Watches a stream without reading from it; also takes the errors that come when nobody listens any more. */
export function watch(stream: Duplex): Wire {
  let greeting: Buffer = Buffer.alloc(0);
  let error: Error | undefined;
  // A prepended listener does not start the flow: the bytes stay there for the client's own.
  const listen = (chunk: Buffer) => {
    greeting = chunk.subarray(0, 512);
    stream.off("data", listen);
  };
  stream.prependListener("data", listen);
  stream.on("error", (cause) => {
    error ??= cause;
  });
  return { stream, greeting: () => greeting, error: () => error };
}
