import type { Observation } from "../observation.ts";
import { type Endpoint, parseEndpoint } from "../parse/address.ts";
import { parseClusterNodes } from "../parse/cluster-nodes.ts";
import type { DataNode } from "../schema.ts";
import type { Entry } from "./directory.ts";

/** Everything by which others may call an observed data node. */
export function dataEntry(observation: Observation, node: DataNode): Entry {
  const myself = parseClusterNodes(observation.cluster?.nodes ?? "").find(({ flags }) => flags.includes("myself"));
  const announced: Endpoint[] = [];
  const endpoint = node.announced === null ? undefined : parseEndpoint(node.announced);
  if (endpoint) announced.push(endpoint);
  if (myself?.address) announced.push({ address: myself.address, port: myself.port });
  if (myself?.hostname) announced.push({ address: myself.hostname, port: myself.port });
  return { ...place(observation), announced, keys: [node.run_id ?? "", myself?.id ?? ""] };
}

/** Everything by which others may call an observed Sentinel. */
export function sentinelEntry(observation: Observation): Entry {
  return { ...place(observation), announced: [], keys: [observation.sentinel?.myid ?? ""] };
}

function place({ instance, host, address, port }: Observation) {
  return { id: instance, host, address, port };
}
