import { RedishaError } from "../../core/errors.ts";
import type { ConnectHostOptions } from "../hosts.ts";
import type { HostConnection, HostTarget, SshSettings } from "../types.ts";

export async function connectSsh2(
  target: HostTarget,
  _settings: SshSettings,
  _options: ConnectHostOptions,
): Promise<HostConnection> {
  throw new RedishaError({ code: "SSH_UNREACHABLE", message: `cannot reach ${target.host} yet`, host: target.host });
}
