import { dirname, join } from "node:path";
import type { RedisTls } from "../connect/types.ts";
import type { Deployment, ServerTls } from "./model.ts";
import { resolvePath, type Surroundings } from "./paths.ts";
import type { DeclaredDeployment } from "./schema.ts";
import { milliseconds, present } from "./to-values.ts";

type Declared = NonNullable<DeclaredDeployment["tls"]>;

const DAY_MS = 86_400_000;
const DEFAULTS = { authorityDays: 3_650, days: 365 };
/** The client that redisha itself is, where an authority of its own makes the certificates of clients. */
const ITSELF = "redisha";

/** The client that an exporter is, by the name of its certificate. */
export const EXPORTER_CLIENT = "exporter";

const CLIENTS = { none: "no", optional: "optional", required: "yes" } as const;

/** How redisha connects, and what servers are set up with. */
export function tlsOf(
  deployment: string,
  declared: DeclaredDeployment,
  around: Surroundings,
): Pick<Deployment, "tls" | "serverTls" | "certificateWarningMs"> {
  const { tls } = declared;
  if (!tls || tls.mode === "disabled") return {};
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolvePath(path, around));
  const source = sourceOf(deployment, tls, declared.backup, around);
  const exporter = declared.monitoring?.exporter ? [EXPORTER_CLIENT] : [];
  const ca = absolute(tls.ca) ?? (source?.kind === "authority" ? join(source.folder, "ca.crt") : undefined);
  const own = ownCertificate(tls, source);
  const { cert, key } = own ?? { cert: absolute(tls.cert), key: absolute(tls.key) };
  const client = { ...present({ ca, cert, key, serverName: tls.server_name }), ...(own ? { madeOnDemand: true } : {}) };
  const serverTls = source && serverTlsOf(tls, source, client, exporter);
  return {
    ...(tls.mode === "both" ? {} : { tls: client }),
    ...present({ serverTls, certificateWarningMs: milliseconds(tls.warn_before) }),
  };
}

interface OffsetOf {
  readonly tls?: { readonly mode?: string | undefined; readonly port_offset?: number | undefined } | undefined;
}

/** How far above its port an instance is reached: with both ports, everything goes on in plain. */
export function portOffsetOf({ tls }: OffsetOf): number {
  return tls?.mode === "disabled" || tls?.mode === "both" ? 0 : (tls?.port_offset ?? 0);
}

/** Servers that ask clients for a certificate get one that the authority has made for redisha, unless another is declared. */
function ownCertificate(tls: Declared, source: ServerTls["source"] | undefined) {
  if (tls.cert !== undefined || source?.kind !== "authority") return undefined;
  if (clientNamesOf(tls, source, []).length === 0) return undefined;
  const at = (kind: string) => join(source.folder, "clients", `${ITSELF}.${kind}`);
  return { cert: at("crt"), key: at("key") };
}

function clientNamesOf(tls: Declared, source: ServerTls["source"], others: readonly string[]): string[] {
  if (source.kind !== "authority" || (tls.clients ?? "none") === "none") return [];
  return [...new Set([...(tls.cert === undefined ? [ITSELF] : []), ...(tls.client_names ?? []), ...others])];
}

function serverTlsOf(
  tls: Declared,
  source: ServerTls["source"],
  client: RedisTls,
  others: readonly string[],
): ServerTls {
  const days = daysOf(tls.valid) ?? DEFAULTS.days;
  return {
    plainToo: tls.mode === "both",
    portOffset: tls.port_offset ?? 0,
    client,
    source,
    days,
    renewBeforeMs: milliseconds(tls.renew_before) ?? (days * DAY_MS) / 3,
    clients: CLIENTS[tls.clients ?? "none"],
    clientNames: clientNamesOf(tls, source, others),
    protocols: tls.protocols ?? ["TLSv1.2", "TLSv1.3"],
    ...present({ ciphers: tls.ciphers, ciphersuites: tls.ciphersuites }),
  };
}

function sourceOf(
  deployment: string,
  tls: Declared,
  backup: DeclaredDeployment["backup"],
  around: Surroundings,
): ServerTls["source"] | undefined {
  if (tls.files) {
    const path = (each: string) => resolvePath(each, around);
    const files = Object.entries(tls.files).map(([host, { cert, key }]) => [
      host,
      { cert: path(cert), key: path(key) },
    ]);
    return { kind: "files", ca: path(tls.ca ?? ""), hosts: Object.fromEntries(files) };
  }
  if (!tls.authority) return undefined;
  return {
    kind: "authority",
    folder: resolvePath(tls.authority.folder ?? join(dirname(around.file), "tls", deployment), around),
    days: daysOf(tls.authority.valid) ?? DEFAULTS.authorityDays,
    recipients: backup?.encrypt_to ?? [],
    identities: (backup?.identities ?? []).map((each) => resolvePath(each, around)),
  };
}

function daysOf(written: string | undefined): number | undefined {
  const ms = milliseconds(written);
  return ms === undefined ? undefined : Math.max(1, Math.round(ms / DAY_MS));
}
