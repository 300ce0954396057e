import { parseConf, quoteValue, renderConf } from "../conf/conf-file.ts";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";
import { type RedisConfNeeds, tlsValues } from "./redis-conf.ts";
import { renderTemplate } from "./template.ts";
import { loginOf, type UserLogin } from "./users.ts";

/** What sentinel.conf depends on. Paths are those of its host. */
export interface SentinelConfNeeds
  extends Pick<
    RedisConfNeeds,
    "id" | "deployment" | "address" | "listen" | "port" | "announce" | "tls" | "supervised"
  > {
  readonly engine: EngineVersion;
  readonly paths: { readonly data: string; readonly log: string; readonly pid: string };
  readonly group: string;
  /** The primary as it is now: a Sentinel that is told of a replica takes the deployment down for good. */
  readonly primary: { readonly host: string; readonly port: number };
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  readonly notificationScript?: string;
  readonly reconfigScript?: string;
  /** Hosts are known by names, everywhere: names and addresses must not be mixed. */
  readonly hostnames: boolean;
  /** How it logs in to the servers. */
  readonly dataLogin?: { readonly user?: string; readonly password: string };
  /** Who may log in to it. */
  readonly operator?: UserLogin;
  /** How it and its peers log in to each other. */
  readonly peer?: UserLogin;
}

/** Without users, one password opens a Sentinel to operators and to its peers alike: that of an operator without a name. */
function onePassword({ operator, peer }: SentinelConfNeeds): string | undefined {
  return operator?.name === "default" ? operator.passwords[0] : peer?.passwords[0];
}

/** Whether Sentinels of this version know users. */
export function sentinelKnowsUsers(engine: EngineVersion): boolean {
  return knownDirective("bind-source-addr", engine) !== undefined;
}

/** Renders sentinel.conf, for a Sentinel that has not run yet; `mergeSentinelConf` keeps what one that ran has learned. */
export function renderSentinelConf(needs: SentinelConfNeeds): string {
  const modern = knownDirective("bind-source-addr", needs.engine) !== undefined;
  const text = renderTemplate("sentinel.conf.eta", {
    q: quoteValue,
    ...needs,
    bind: [...new Set([needs.listen ?? needs.address, "127.0.0.1", ...(modern ? ["-::1"] : [])])],
    announce: needs.announce ?? { host: needs.address, port: needs.port },
    tls: tlsValues(needs.tls),
    supervised: needs.supervised ?? "systemd",
    down_after_ms: needs.downAfterMs,
    failover_timeout_ms: needs.failoverTimeoutMs,
    parallel_syncs: needs.parallelSyncs,
    notification_script: needs.notificationScript ?? null,
    reconfig_script: needs.reconfigScript ?? null,
    data_login: needs.dataLogin ?? null,
    // Sentinel has users of its own from 6.2 on; before, one password opens it to everybody.
    users: needs.operator !== undefined && needs.peer !== undefined && modern,
    one_password: onePassword(needs) ?? null,
    operator: needs.operator ? loginOf(needs.operator) : null,
    peer: needs.peer ? { ...loginOf(needs.peer), password: needs.peer.passwords[0] } : null,
  });
  return renderConf(parseConf(text));
}
