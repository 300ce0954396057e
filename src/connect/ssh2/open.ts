import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { orAborted } from "../../core/abort.ts";
import { cancelled, closedEarly, sshTimeout } from "../ssh-errors.ts";
import { dial } from "./dial.ts";
import { forwardOut } from "./forward.ts";
import { handshake } from "./handshake.ts";
import { findIdentities } from "./identities.ts";
import { readKnownHosts } from "./known-hosts-files.ts";
import { Login } from "./login.ts";
import type { Hop } from "./route.ts";

/** What logging in takes beside the hop itself. */
export interface Access {
  readonly passphrase: (() => Promise<string>) | undefined;
  readonly log: (line: string) => void;
}

/**
 * Logs in to one hop, over TCP or through the hop before it. Everything that does not depend on the network (loading
 * ssh2, known hosts, keys, the agent) is done while the connection is being made.
 */
export async function openHop(
  hop: Hop,
  access: Access,
  through: (() => Promise<Client>) | undefined,
  outer?: AbortSignal,
): Promise<Client> {
  const own = new AbortController();
  const signal = outer ? AbortSignal.any([outer, own.signal]) : own.signal;
  let waitingFor = "there was no answer to the TCP connection";
  const limit = ` within ${hop.connectTimeoutMs / 1_000} s`;
  const timer = setTimeout(() => own.abort(sshTimeout(hop, waitingFor + limit)), hop.connectTimeoutMs);
  let socket: Duplex | undefined;
  try {
    const loading = import("ssh2").then((module) => module.default);
    const connecting = through ? throughHop(hop, through) : dial(hop, signal);
    connecting.then(
      (late) => signal.aborted && late.destroy(),
      () => undefined,
    );
    const preparing = Promise.all([loading, readKnownHosts(hop.knownHosts), findIdentities(loading, hop)]);
    preparing.catch(() => undefined);
    socket = await orAborted(connecting, signal);
    waitingFor = "it took the TCP connection, but sshd did not answer";
    const [ssh2, knownHosts, identities] = await preparing;
    if (socket.readableEnded || socket.destroyed) throw closedEarly(hop, socket.errored ?? undefined);
    const login = new Login(ssh2, hop, identities, access.passphrase);
    const prepared = { hop, knownHosts, login, log: access.log };
    return await orAborted(
      handshake(ssh2, socket, prepared, (what) => {
        waitingFor = what;
      }),
      signal,
    );
  } catch (error) {
    socket?.destroy();
    throw outer?.aborted && error === outer.reason ? cancelled(hop, error) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function throughHop(hop: Hop, through: () => Promise<Client>): Promise<Duplex> {
  return await forwardOut(await through(), hop.label, hop.host, hop.port);
}
