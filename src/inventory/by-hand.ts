import { redisCliByHand, shellByHand, typedOver } from "../connect/by-hand.ts";
import type { Deployment, Host, Instance } from "./model.ts";
import { ownEndpoint } from "./ports.ts";
import { tlsHomeOf } from "./tls-home.ts";

/** What is put before a command that a person runs on this host; undefined where redisha.yaml knows no way there. */
export function shellOf({ name, address, ssh }: Host): string | undefined {
  return ssh === "none" ? undefined : shellByHand({ host: name, address, ssh });
}

/**
 * redis-cli for this instance as a person types it here, by the way that redisha itself takes: on the host where Redis
 * is reached over SSH. There the certificates are those that the server's own configuration names, as far as it is declared.
 */
export function redisCliOf(
  instance: Instance,
  {
    auth,
    tls,
    redisVia,
    config,
    serverTls,
    engine,
  }: Pick<Deployment, "auth" | "tls" | "redisVia" | "config"> & Partial<Pick<Deployment, "serverTls" | "engine">>,
): string {
  const { kind, address, port, host } = instance;
  const shell = redisVia === "ssh" ? (shellOf(host) ?? "") : "";
  const endpoint = shell === "" ? { address, port } : ownEndpoint(instance);
  const target = { ...endpoint, auth: kind === "sentinel" ? auth.sentinel : auth.data };
  if (!tls) return typedOver(shell, redisCliByHand(target));
  // Init sets up servers of packages; those of a directory have theirs wherever somebody put it.
  const home = serverTls && engine && engine.source !== "directory" ? tlsHomeOf(engine).ca : undefined;
  const ca = shell === "" ? tls.ca : (config["tls-ca-cert-file"] ?? home ?? tls.ca);
  // There it is the server's own certificate that stands in for the client's.
  const pair = shell !== "" && tls.cert && home && engine ? tlsHomeOf(engine).pair : undefined;
  const own = pair ? { cert: pair, key: pair } : {};
  return typedOver(shell, redisCliByHand({ ...target, tls: { ...tls, ...own, ...(ca ? { ca } : {}) } }));
}
