import { renderTemplate } from "./template.ts";

/** What the unit of a server depends on that comes from a directory of programs. Paths are those of its host. */
export interface UnitNeeds {
  readonly id: string;
  readonly deployment: string;
  readonly port: number;
  /** `/opt/redis-7.0/bin/redis-server`, for a Sentinel too. */
  readonly program: string;
  readonly conf: string;
  readonly sentinel: boolean;
  readonly user: string;
  /** Its folder below /run. */
  readonly runtime: string;
  /** Folders that it writes to; everything else is read-only to it. */
  readonly writes: readonly string[];
}

/**
 * A unit for systemd. A server that was built without libsystemd tells systemd nothing, so that the unit does not wait for
 * word of it; whoever starts it asks the server itself.
 */
export function renderUnit(needs: UnitNeeds): string {
  return renderTemplate("systemd/server.service.eta", needs).replace(/\n{2,}(?!\[)/g, "\n");
}
