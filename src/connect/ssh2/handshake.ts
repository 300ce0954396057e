import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { RedishaError } from "../../core/errors.ts";
import { judgeHostKey, type KnownHost, knownKeyTypes } from "../known-hosts.ts";
import { closedEarly, hostKeyRefused, noCommonAlgorithm, socketFailure } from "../ssh-errors.ts";
import { algorithms } from "./algorithms.ts";
import type { Login } from "./login.ts";
import type { Hop } from "./route.ts";

interface Preparation {
  readonly hop: Hop;
  readonly knownHosts: readonly KnownHost[];
  readonly login: Login;
  readonly log: (line: string) => void;
}

/**
 * Speaks SSH over a connected socket until logged in. The host key is always checked: ssh2 itself takes any key unless
 * it is told otherwise. `progress` hears how far it got, for the message of a timeout.
 */
export function handshake(
  ssh2: typeof import("ssh2"),
  socket: Duplex,
  { hop, knownHosts, login, log }: Preparation,
  progress: (waitingFor: string) => void,
): Promise<Client> {
  const name = { host: hop.host, port: hop.port, alias: hop.hostKeyAlias };
  const client = new ssh2.Client();
  return new Promise<Client>((resolve, reject) => {
    let refusal: RedishaError | undefined;
    const fail = (error: unknown) => {
      reject(refusal ?? (error instanceof RedishaError ? error : explain(hop, error, login)));
      client.end();
      socket.destroy();
    };
    client.once("ready", () => resolve(client));
    client.on("error", (error) => {
      log(`${hop.label}: ${error.message}`);
      // An agent that refuses one key is no reason to stop: the next one is tried.
      if (levelOf(error) !== "agent") fail(error);
    });
    client.once("close", () => fail(closedEarly(hop)));
    client.once("handshake", (negotiated) => {
      log(`${hop.label}: ${negotiated.kex}, ${negotiated.serverHostKey}, ${negotiated.cs.cipher}`);
      progress("it did not finish the login");
    });
    client.connect({
      sock: socket,
      username: hop.user,
      algorithms: algorithms(knownKeyTypes(knownHosts, name)),
      // The time limit covers the whole way, jump hosts included, and is kept by the caller.
      readyTimeout: 0,
      keepaliveInterval: hop.keepaliveMs,
      keepaliveCountMax: hop.keepaliveCount,
      hostVerifier: (key: Buffer): boolean => {
        const verdict = judgeHostKey(knownHosts, name, key);
        if (verdict.kind !== "known") refusal = hostKeyRefused(hop, name, hop.knownHosts, key, verdict);
        return verdict.kind === "known";
      },
      authHandler: (accepted, _partial, next) => void login.next(accepted).then(next, fail),
    });
  });
}

function explain(hop: Hop, error: unknown, login: Login): RedishaError {
  const message = error instanceof Error ? error.message : "";
  if (/no matching|unsupported (kex|host key)/i.test(message)) return noCommonAlgorithm(hop, error);
  if (/authentication (methods )?fail/i.test(message)) return login.failure();
  if (levelOf(error) === "client-socket") return socketFailure(hop, error);
  return closedEarly(hop, error);
}

function levelOf(error: unknown): string | undefined {
  return error instanceof Error && "level" in error && typeof error.level === "string" ? error.level : undefined;
}
