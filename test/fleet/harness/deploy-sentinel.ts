import {
  configure,
  DATA_PORT,
  type DeployOptions,
  deploy,
  type FleetDeployment,
  fields,
  listening,
  SENTINEL_PORT,
} from "./deployment.ts";
import type { Fleet } from "./fleet.ts";
import { parts } from "./releases.ts";
import { waitFor } from "./wait.ts";

export interface SentinelOptions extends DeployOptions {
  /** Default 2000. */
  readonly downAfterMs?: number;
  /** Default 8000; a second failover soon after the first waits for twice as long. */
  readonly failoverTimeoutMs?: number;
}

const MASTER_NAME = "mymaster";

/** One primary (r1) with replicas on all other hosts, and a Sentinel on every host: 8 seconds on three hosts. */
export function deploySentinel(fleet: Fleet, options: SentinelOptions = {}): Promise<FleetDeployment> {
  const { release = "redis-7.0", downAfterMs = 2_000, failoverTimeoutMs = 8_000, password } = options;
  const { hosts } = fleet;
  const [first] = hosts;
  if (!first || hosts.length < 3) throw new Error("a deployment with Sentinel wants three hosts at least");
  const names = hosts.map(({ name }) => name);
  const quorum = Math.floor(hosts.length / 2) + 1;
  const data = names.map((name) => `${name}:${DATA_PORT}`);
  const sentinels = names.map((name) => `${name}:${SENTINEL_PORT}`);

  return deploy(fleet, options, {
    kind: "sentinel",
    hosts,
    conf: (host) => (host === first ? [] : [`replicaof ${first.address} ${DATA_PORT}`]),
    inventory: {
      master_name: MASTER_NAME,
      redis: { on: names, port: DATA_PORT, initial_primary: first.name },
      sentinel: {
        ...{ on: names, port: SENTINEL_PORT, quorum, parallel_syncs: 1 },
        ...{ down_after: `${downAfterMs}ms`, failover_timeout: `${failoverTimeoutMs}ms` },
      },
    },
    form: async (deployment) => {
      // A Sentinel learns of replicas from its first look at the primary; the next look is ten seconds later.
      const online = async (): Promise<boolean> => {
        const info = fields(await deployment.cli(`${first.name}:${DATA_PORT}`, "INFO", "replication"));
        return [...info.values()].filter((value) => value.includes("state=online")).length === hosts.length - 1;
      };
      await waitFor("replicas to be in sync", 60_000, online);
      const lines = [
        `sentinel monitor ${MASTER_NAME} ${first.address} ${DATA_PORT} ${quorum}`,
        `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMs}`,
        `sentinel failover-timeout ${MASTER_NAME} ${failoverTimeoutMs}`,
        `sentinel parallel-syncs ${MASTER_NAME} 1`,
        ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
      ];
      await Promise.all(
        hosts.map(async (host) => {
          await configure(host, parts(release).product, [...listening(host), ...lines], "sentinel");
          await host.exec(`systemctl start ${deployment.units.sentinel}`);
        }),
      );
    },
    unsettled: async ({ cli, primaries }) => {
      const [primary, ...others] = await primaries();
      if (!primary || others.length > 0) return `primaries: ${[primary, ...others].join(", ")}`;
      for (const id of data) {
        if (id === primary) continue;
        const info = fields(await cli(id, "INFO", "replication"));
        if (info.get("master_link_status") !== "up") return `${id} has no link to its primary`;
        if (info.get("master_host") !== fleet.host(primary.split(":")[0] ?? "").address) return `${id} follows another`;
      }
      const address = fleet.host(primary.split(":")[0] ?? "").address;
      for (const id of sentinels) {
        const info = await cli(id, "INFO", "sentinel");
        const wanted = `status=ok,address=${address}:${DATA_PORT},slaves=${data.length - 1},sentinels=${sentinels.length}`;
        if (!info.includes(wanted)) return `${id} says ${/^master0:.*$/m.exec(info)?.[0] ?? "nothing"}, not ${wanted}`;
        const replicas = await cli(id, "SENTINEL", "REPLICAS", MASTER_NAME);
        if (/^flags\n(?!slave$)/m.test(replicas)) return `${id} does not see every replica`;
        const peers = await cli(id, "SENTINEL", "SENTINELS", MASTER_NAME);
        if (/^flags\n(?!sentinel$)/m.test(peers)) return `${id} does not see every other Sentinel`;
      }
      return undefined;
    },
  });
}
