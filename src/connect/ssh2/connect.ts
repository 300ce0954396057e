import type { ConnectHostOptions } from "../hosts.ts";
import { SessionConnection } from "../session/connection.ts";
import { jumpFailed } from "../ssh-errors.ts";
import type { HostConnection, HostTarget, SshSettings } from "../types.ts";
import { acquireJump } from "./jump.ts";
import { type Ground, Ssh2Launcher } from "./launcher.ts";
import { type Access, openHop } from "./open.ts";
import { type Hop, resolveRoute } from "./route.ts";

/** Logs in to a host by ssh2: the default adapter. */
export async function connectSsh2(
  target: HostTarget,
  settings: SshSettings,
  options: ConnectHostOptions,
): Promise<HostConnection> {
  // Loading it takes longer than reading the configuration: it starts first.
  import("ssh2").catch(() => undefined);
  return new SessionConnection(await login(target, settings, options));
}

async function login(target: HostTarget, settings: SshSettings, options: ConnectHostOptions): Promise<Ssh2Launcher> {
  const ground = await openClient(target, settings, options);
  const again = () => login(target, settings, {});
  return new Ssh2Launcher({ host: target.host, become: settings.become, again, ...ground });
}

/** A client that is logged in to a host, through its jump hosts. `release` lets go of them, once the client is closed. */
export async function openClient(
  target: HostTarget,
  settings: SshSettings,
  options: ConnectHostOptions,
): Promise<Pick<Ground, "client" | "hop" | "release">> {
  const hops = await resolveRoute(target, settings);
  const hop = hops.at(-1);
  if (!hop) throw new RangeError("a route ends at its host");
  const access: Access = { passphrase: settings.passphrase, log: options.log ?? (() => undefined) };
  const way = hops.slice(0, -1);
  const jump = way.length > 0 ? acquireJump(target.host, way, access) : undefined;
  jump?.catch(() => undefined);
  const through = jump ? async () => (await jump).client : undefined;
  const release = () => void jump?.then(({ release }) => release()).catch(() => undefined);
  try {
    const client = await openHop(hop, access, through, options.signal).catch((error: unknown) => {
      throw fromJump(error, way) ? jumpFailed(target.host, way.at(-1)?.label ?? "", error) : error;
    });
    return { client, hop, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** The last jump host could not connect on to the host itself. */
function fromJump(error: unknown, way: readonly Hop[]): boolean {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return way.length > 0 && /^(FORWARD_|SSH_FORWARD_)/.test(code);
}
