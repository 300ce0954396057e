import type { Deployment, Instance } from "../inventory/model.ts";
import { namedPort } from "../inventory/ports.ts";
import { tlsHomeOf } from "../inventory/tls-home.ts";

/** Where an instance lives on its host, and what runs it. */
export interface Home {
  readonly unit: string;
  readonly user: string;
  readonly conf: string;
  /** The ACL file; null for a Sentinel, which keeps its users in its own file. */
  readonly acl: string | null;
  readonly data: string;
  readonly log: string;
  readonly pid: string;
  /** Where the certificate and what it trusts lie; all instances of a host share them. */
  readonly tls: { readonly folder: string; readonly pair: string; readonly ca: string };
}

/** Ports that Debian's own units and file names are made for. */
const PACKAGED = { data: 6379, sentinel: 26379 };

/**
 * As Debian's packages lay it out: `redis-server.service` with /etc/redis/redis.conf, and for every other port
 * `redis-server@PORT.service` with /etc/redis/redis-PORT.conf. Below /var/lib/redis, which is what these units may write to.
 */
export function homeOf(
  { engine }: Pick<Deployment, "engine">,
  instance: Pick<Instance, "kind" | "port" | "listenPort" | "declaredPort">,
): Home {
  const { kind } = instance;
  const port = namedPort(instance);
  const product = engine.name === "valkey" ? "valkey" : "redis";
  const own = port === PACKAGED[kind];
  const etc = `/etc/${product}`;
  const tls = tlsHomeOf(engine);
  if (kind === "sentinel") {
    return {
      unit: own ? `${product}-sentinel.service` : `${product}-sentinel@${port}.service`,
      user: product,
      conf: own ? `${etc}/sentinel.conf` : `${etc}/sentinel-${port}.conf`,
      acl: null,
      data: `/var/lib/${product}`,
      log: `/var/log/${product}/${product}-sentinel${own ? "" : `-${port}`}.log`,
      pid: `/run/sentinel${own ? "" : `-${port}`}/${product}-sentinel.pid`,
      tls,
    };
  }
  return {
    unit: own ? `${product}-server.service` : `${product}-server@${port}.service`,
    user: product,
    conf: own ? `${etc}/${product}.conf` : `${etc}/${product}-${port}.conf`,
    acl: own ? `${etc}/users.acl` : `${etc}/users-${port}.acl`,
    data: own ? `/var/lib/${product}` : `/var/lib/${product}/${port}`,
    log: `/var/log/${product}/${product}-server${own ? "" : `-${port}`}.log`,
    pid: `/run/${product}${own ? "" : `-${port}`}/${product}-server.pid`,
    tls,
  };
}
