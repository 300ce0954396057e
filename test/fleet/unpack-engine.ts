import { ENGINE_ROOT, type EngineUnderTest } from "../support/engines.ts";
import type { Fleet } from "./harness/fleet.ts";
import { run } from "./harness/run.ts";

/** Puts an engine under /opt of a host, where everybody may run it; its programs name their own folder. Returns that. */
export async function unpackEngine(fleet: Fleet, host: string, engine: EngineUnderTest): Promise<string> {
  const script = 'tar -C "$1" -cf - "$2" | ssh -F "$3" -l root "$4" "tar -C /opt -xf -"';
  await run("sh", ["-c", script, "sh", ENGINE_ROOT, engine, fleet.sshConfigFile, host]);
  await fleet.host(host).exec(`sed -i 's#[^ =:"]*/${engine}/#/opt/${engine}/#g' $(find /opt/${engine}/bin -type f)`);
  return `/opt/${engine}`;
}
