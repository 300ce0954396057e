import type { Topology } from "../../src/topology/schema.ts";
import type { TestLab } from "./lab.ts";
import { type Ended, redisha } from "./redisha.ts";
import { until } from "./until.ts";

/** Switches a lab over by the program itself. */
export function switchOver(lab: TestLab, ...flags: string[]): Promise<Ended> {
  return redisha(["switchover", "--yes", "--json", "--no-measure", "--file", lab.file, ...flags]);
}

/** What `status` says of a lab. */
export async function topologyOf(lab: TestLab): Promise<Topology> {
  const { stdout } = await redisha(["status", "--json", "--file", lab.file]);
  return JSON.parse(stdout).result.topology;
}

/** Waits until there is one primary, by whom every Sentinel swears and whom everybody follows; gives its id. */
export async function settled(lab: TestLab): Promise<string> {
  let primary = "";
  await until(async () => {
    const { nodes, sentinels, primary_id } = await topologyOf(lab);
    primary = primary_id ?? "";
    const others = nodes.filter(({ id }) => id !== primary_id);
    const writable = nodes.some(({ id, writable }) => id === primary_id && writable);
    return (
      writable &&
      others.every(({ role, primary_id: follows, link_up }) => role === "replica" && follows === primary && link_up) &&
      sentinels.every(({ primary_id: names }) => names === primary)
    );
  });
  return primary;
}
