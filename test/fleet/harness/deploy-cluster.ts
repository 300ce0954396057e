import { DATA_PORT, type DeployOptions, deploy, type FleetDeployment, fields } from "./deployment.ts";
import type { Fleet } from "./fleet.ts";
import { parts } from "./releases.ts";

export interface ClusterOptions extends DeployOptions {
  /** `cluster-node-timeout`; default 2000. */
  readonly nodeTimeoutMs?: number;
}

/** Three primaries (r1 to r3), with a replica each on the hosts after them: 8 seconds on six hosts. */
export function deployCluster(fleet: Fleet, options: ClusterOptions = {}): Promise<FleetDeployment> {
  const { release = "redis-7.0", nodeTimeoutMs = 2_000, password } = options;
  const { hosts } = fleet;
  const [first] = hosts;
  if (!first || hosts.length < 6) throw new Error("a cluster wants six hosts at least");
  const names = hosts.map(({ name }) => name);
  const replicas = Math.floor(hosts.length / 3) - 1;

  return deploy(fleet, options, {
    kind: "cluster",
    hosts,
    conf: () => ["cluster-enabled yes", `cluster-node-timeout ${nodeTimeoutMs}`],
    inventory: {
      redis: { on: names, port: DATA_PORT },
      cluster: { replicas_per_primary: replicas },
    },
    form: async () => {
      const nodes = hosts.map(({ address }) => `${address}:${DATA_PORT}`).join(" ");
      const login = password === undefined ? "" : `REDISCLI_AUTH=${password} `;
      const create = `${parts(release).product}-cli --cluster create ${nodes} --cluster-replicas ${replicas} --cluster-yes`;
      await first.exec(`${login}${create}`);
    },
    unsettled: async ({ cli, primaries }) => {
      const found = await primaries();
      if (found.length !== 3) return `primaries: ${found.join(", ")}`;
      for (const name of names) {
        const id = `${name}:${DATA_PORT}`;
        const state = fields(await cli(id, "CLUSTER", "INFO"));
        if (state.get("cluster_state") !== "ok") return `${id} says that the cluster is ${state.get("cluster_state")}`;
        const nodes = (await cli(id, "CLUSTER", "NODES")).split("\n");
        if (nodes.length !== names.length || nodes.some((line) => / \S*(fail|handshake|noaddr)\S* /.test(line))) {
          return `${id} does not see every node`;
        }
        const info = fields(await cli(id, "INFO", "replication"));
        if (info.get("role") === "slave" && info.get("master_link_status") !== "up") return `${id} has no link`;
        if (info.get("role") === "master" && !info.get("slave0")?.includes("online")) return `${id} has no replica`;
        // Gossip about who follows whom takes a moment longer than the state.
        if (nodes.filter((line) => / \S*slave /.test(line)).length !== names.length - 3) return `${id} knows no roles`;
      }
      return undefined;
    },
  });
}
