import type { Findings } from "./findings.ts";
import type { LenientDeployment } from "./lenient-view.ts";

/** Directives that keys of ours already say; two places would sooner or later disagree. */
const SAID_ELSEWHERE: Readonly<Record<string, string>> = {
  port: "the port stands in redis.port, or in redis.on as host:port",
  "tls-port": "with tls, redis.port is the TLS port",
  replicaof: "the first primary stands in redis.initial_primary",
  slaveof: "the first primary stands in redis.initial_primary",
  loadmodule: "modules stand in redis.modules",
  "cluster-enabled": "topology: cluster says so",
};

export function checkConfig(view: LenientDeployment, found: Findings): void {
  for (const directive of Object.keys(view.redis?.config ?? {})) {
    const elsewhere = SAID_ELSEWHERE[directive];
    if (elsewhere === undefined) continue;
    found.error(["redis", "config", directive], `${directive} does not belong under config`, {
      hint: elsewhere,
      part: "key",
    });
  }
}
