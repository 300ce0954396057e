import { connect } from "node:tls";
import type { Route } from "./endpoint.ts";
import { startTls, type TlsMaterial } from "./tls.ts";
import { openStream } from "./transport.ts";
import { errorCode } from "./trouble.ts";

/** A look at the port must not cost more than this; it only words an error better. */
const PROBE_MS = 1_000;

/**
 * Whether the port speaks TLS. A Redis that expects TLS resets a plain connection without a word (all versions from 6.0
 * to Valkey 9.1), so that only a second look tells it from a server that closes for another reason.
 */
export async function speaksTls(route: Route, signal: AbortSignal): Promise<boolean> {
  return look(route, signal, (raw, answer) => {
    // Nothing is sent over it and nothing believed of it: any certificate proves that TLS is spoken.
    const secure = connect({ socket: raw, servername: "", rejectUnauthorized: false });
    secure.once("secureConnect", () => answer(true));
    secure.once("error", (error) => answer(/ALERT/.test(errorCode(error))));
    secure.once("close", () => answer(false));
    return () => secure.destroy();
  });
}

/**
 * Whether the port speaks plain Redis. A plain Redis that gets a TLS handshake waits for more of what it takes for an
 * inline command and never answers (all versions from 6.0 to Valkey 9.1).
 */
export async function speaksPlainRedis(route: Route, signal: AbortSignal): Promise<boolean> {
  return look(route, signal, (raw, answer) => {
    raw.once("data", (chunk: Buffer) => answer(/^(\+PONG|-[A-Z]+ )/.test(chunk.toString("latin1"))));
    raw.once("close", () => answer(false));
    raw.write("PING\r\n");
    return () => undefined;
  });
}

/**
 * What a TLS server objects to after the handshake. In TLS 1.3 a client is done before the server has looked at its
 * certificate; whoever then writes at once may meet a reset and lose the alert that says why. This one only listens.
 */
export async function laterAlert(route: Route, material: TlsMaterial, signal: AbortSignal): Promise<Error | undefined> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  try {
    const secure = await startTls(route, route.target.tls ?? {}, material, await openStream(route, limit));
    return await new Promise((resolve) => {
      secure.once("error", resolve);
      secure.once("close", () => resolve(undefined));
      secure.resume();
      limit.addEventListener("abort", () => secure.destroy(), { once: true });
    });
  } catch {
    return undefined;
  }
}

type Look = (raw: Awaited<ReturnType<typeof openStream>>, answer: (yes: boolean) => void) => () => void;

async function look(route: Route, signal: AbortSignal, how: Look): Promise<boolean> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PROBE_MS)]);
  try {
    const raw = await openStream(route, limit);
    raw.on("error", () => undefined);
    return await new Promise<boolean>((resolve) => {
      const end = how(raw, (yes) => {
        end();
        raw.destroy();
        resolve(yes);
      });
      limit.addEventListener("abort", () => raw.destroy(), { once: true });
    });
  } catch {
    return false;
  }
}
