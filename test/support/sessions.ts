import { setTimeout as delay } from "node:timers/promises";
import { Cluster, Redis } from "ioredis";
import type { Servers } from "./writers.ts";

/** A client that sets keys with an expiry far away, each its own. */
export interface Sessions {
  /** Ends it, and gives the keys that were acknowledged. */
  stop(): Promise<string[]>;
}

/** Starts one on a deployment without passwords: through its Sentinels, or as a client of its Cluster. */
export function startSessions({ status }: Servers): Sessions {
  const addressesOf = (service: string) =>
    status.processes.filter((each) => each.service === service).map(({ address, port }) => ({ host: address, port }));
  const client =
    status.topology === "cluster"
      ? new Cluster(addressesOf("redis"), { slotsRefreshTimeout: 2_000 })
      : new Redis({
          sentinels: addressesOf("sentinel"),
          name: "mymaster",
          maxRetriesPerRequest: 0,
          enableOfflineQueue: false,
        });
  client.on("error", () => undefined);
  const acked: string[] = [];
  let on = true;
  const all = (async () => {
    for (let n = 0; on; n += 1) {
      await client.set(`session:${n}`, "x", "EX", 36_000).then(
        () => acked.push(`session:${n}`),
        () => delay(5),
      );
      await delay(1);
    }
  })();
  return {
    async stop() {
      on = false;
      await all;
      client.disconnect();
      return acked;
    },
  };
}

/** Of these keys, those that fewer servers than this hold. */
export async function heldByFewer(copies: number, keys: readonly string[], { status }: Servers): Promise<string[]> {
  const held = new Map<string, number>();
  for (const { service, address, port } of status.processes) {
    if (service !== "redis") continue;
    const client = new Redis({ host: address, port });
    for (const key of await client.keys("session:*")) held.set(key, (held.get(key) ?? 0) + 1);
    client.disconnect();
  }
  return keys.filter((key) => (held.get(key) ?? 0) < copies);
}
