import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/**
 * A runbook that changes each replica, dwells on the primary for `dwell` seconds in one command, and changes the primary:
 * long enough to be stopped in the middle. `steps` stand before the last one.
 */
export async function writeTuneRunbook(inventory: string, name = "tune", steps = ""): Promise<string> {
  const undo = `undo: { action: redis.config_set, with: { parameter: slowlog-log-slower-than, value: "\${{ before.value }}" } }`;
  const text = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: ${name}, version: "1.0.0", description: Log slower commands only }
requires: { topology: [replication, sentinel] }
inputs:
  dwell: { type: string, default: "0.1" }
steps:
  - id: replicas
    name: Tune the replicas, one by one
    action: redis.config_set
    targets: { role: replica, order_by: host.address }
    rollout: { serial: 1 }
    with: { parameter: slowlog-log-slower-than, value: "4711" }
    ${undo}
  - id: settle
    name: Let it settle
    action: redis.command
    targets: { role: primary }
    with: { command: [BLPOP, nothing, "\${{ inputs.dwell }}"] }
    probe: "false"
    undo: none
${steps}
  - id: primary
    name: Tune the primary
    action: redis.config_set
    targets: { role: primary }
    effect: disruptive
    with: { parameter: slowlog-log-slower-than, value: "4711" }
    ${undo}
`;
  const path = join(dirname(inventory), "runbooks", `${name}.yaml`);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
}
