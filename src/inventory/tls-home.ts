import type { Deployment } from "./model.ts";

/**
 * Where init puts the certificate of a host and what its servers trust. Certificate and key are one file: they are replaced
 * at one moment, so that no restart finds two that do not fit.
 */
export function tlsHomeOf({ name }: Pick<Deployment["engine"], "name">) {
  const folder = `/etc/${name === "valkey" ? "valkey" : "redis"}/tls`;
  return { folder, pair: `${folder}/server.pem`, ca: `${folder}/ca.crt` };
}
