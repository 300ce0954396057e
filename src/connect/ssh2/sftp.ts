import type { SFTPWrapper } from "ssh2";
import type { ConnectHostOptions } from "../hosts.ts";
import { connectionLost } from "../session/errors.ts";
import { sftpRefused } from "../ssh-errors.ts";
import type { HostTarget, SshSettings } from "../types.ts";
import { openClient } from "./connect.ts";

/** A file transfer session, on a connection of its own. */
export interface SftpLink {
  readonly sftp: SFTPWrapper;
  /** Aborts when the connection is gone, with the reason. Requests that are made later are never answered. */
  readonly lost: AbortSignal;
  close(): Promise<void>;
}

/**
 * Logs in to a host and opens a session of SFTP there; the host key is verified as for any login. Fails as `connectHost`
 * does, and with SSH_SFTP_REFUSED where sshd offers no SFTP to this user.
 */
export async function connectSftp(
  target: HostTarget,
  settings: SshSettings,
  options: ConnectHostOptions = {},
): Promise<SftpLink> {
  const { client, hop, release } = await openClient(target, settings, options);
  const lost = new AbortController();
  client.on("error", (error) => lost.abort(connectionLost(target.host, error)));
  client.once("close", () => {
    lost.abort(connectionLost(target.host));
    release();
  });
  const close = async () => {
    client.end();
  };
  return await new Promise((resolve, reject) => {
    client.sftp((error, sftp) => {
      if (error) {
        void close();
        reject(lost.signal.aborted ? lost.signal.reason : sftpRefused(hop, error));
        return;
      }
      // A session that ends while requests are under way fails them; nobody listens to the session itself.
      sftp.on("error", () => undefined);
      resolve({ sftp, lost: lost.signal, close });
    });
  });
}
