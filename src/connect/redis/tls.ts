import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import type { Duplex } from "node:stream";
import { checkServerIdentity, connect, type DetailedPeerCertificate, type TLSSocket } from "node:tls";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { PeerCertificate, RedisTls } from "../types.ts";
import { destination, onHost, type Route } from "./endpoint.ts";
import { errorCode, streamTrouble, tlsNotSpoken } from "./trouble.ts";

/** The contents of the PEM files. */
export interface TlsMaterial {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

/** Reads the PEM files. A file that cannot be read is a matter of configuration: exit 2, before anything is connected. */
export async function readTlsFiles({ ca, cert, key, madeOnDemand }: RedisTls): Promise<TlsMaterial> {
  const caPem = await pem("ca", ca);
  if (madeOnDemand && ![cert, key].every((path) => path !== undefined && existsSync(path))) {
    return caPem ? { ca: caPem } : {};
  }
  const [certPem, keyPem] = await Promise.all([pem("cert", cert), pem("key", key)]);
  return { ...(caPem ? { ca: caPem } : {}), ...(certPem ? { cert: certPem } : {}), ...(keyPem ? { key: keyPem } : {}) };
}

async function pem(field: string, path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new RedishaError({
      code: "REDIS_TLS_FILE",
      message: `tls.${field} in redisha.yaml names ${path}, which cannot be read (${errorCode(cause) || "no reason given"}).`,
      exit: EXIT.usage,
      state: "nothing was connected",
      next: [`ls -l ${path}`, `correct tls.${field} in redisha.yaml`],
      cause,
    });
  }
}

/**
 * Puts TLS on a byte stream and waits until both sides are done. The certificate is always verified: its chain, its
 * dates, and its name against `serverName` or else the address.
 */
export function startTls(route: Route, settings: RedisTls, material: TlsMaterial, raw: Duplex): Promise<TLSSocket> {
  const name = settings.serverName ?? route.target.address;
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      secure.destroy();
      raw.destroy();
      reject(tlsTrouble(route, error));
    };
    const secure = connect({
      ...material,
      socket: raw,
      host: name,
      // The protocol forbids an IP address as server name.
      servername: isIP(name) ? "" : name,
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    });
    secure.once("error", fail);
    secure.once("secureConnect", () => {
      secure.off("error", fail);
      resolve(secure);
    });
  });
}

/** What the other side showed, and how long those that signed it last. */
export function peerCertificate(socket: TLSSocket): PeerCertificate {
  const shown = socket.getPeerCertificate(true);
  const ends: number[] = [];
  // The chain ends in one that signed itself.
  for (let at: DetailedPeerCertificate | undefined = shown; at !== undefined; ) {
    const above: DetailedPeerCertificate | undefined = at.issuerCertificate;
    if (above === undefined || above.fingerprint256 === at.fingerprint256) break;
    ends.push(Date.parse(above.valid_to));
    at = above;
  }
  return {
    fingerprint: shown.fingerprint256,
    notAfter: new Date(shown.valid_to).toISOString(),
    ...(ends.length === 0 ? {} : { authorityNotAfter: new Date(Math.min(...ends)).toISOString() }),
  };
}

const NOT_TLS = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_UNSUPPORTED_PROTOCOL",
]);

/** Alerts by which a server says that it wants a certificate of ours, or does not like the one it got. */
const CLIENT_CERTIFICATE =
  /^ERR_SSL_(TLSV13_ALERT_CERTIFICATE_REQUIRED|TLSV1_ALERT_UNKNOWN_CA|SSLV3_ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|HANDSHAKE_FAILURE)|SSL\/TLS_ALERT_(BAD_CERTIFICATE|CERTIFICATE_\w+|HANDSHAKE_FAILURE))$/;

/** What went wrong with TLS, from the code that Node or OpenSSL gave it. */
export function tlsTrouble(route: Route, error: unknown): RedishaError {
  const code = errorCode(error);
  const { tls, instance } = route.target;
  const where = destination(route);
  const look = onHost(
    route,
    `openssl s_client -connect ${route.target.address}:${route.target.port} -showcerts </dev/null`,
  );
  const facts = (code: string, message: string, ...next: string[]) =>
    new RedishaError({
      code,
      message,
      next,
      exit: EXIT.cannotConnect,
      host: instance,
      state: "not connected; nothing was changed",
      cause: error,
    });
  if (NOT_TLS.has(code)) return tlsNotSpoken(route, error);
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    const name = tls?.serverName ?? route.target.address;
    return facts(
      "REDIS_TLS_NAME_MISMATCH",
      `The certificate of ${where} is not for ${name}${certificateNames(error)}.`,
      look,
      "set tls.server_name in redisha.yaml to a name that the certificate has, or have it issued for this address",
    );
  }
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    return facts(
      code === "CERT_HAS_EXPIRED" ? "REDIS_TLS_EXPIRED" : "REDIS_TLS_NOT_YET_VALID",
      `The certificate of ${where} ${code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet"}.`,
      `${look} | openssl x509 -noout -dates`,
      "install a new certificate on the server, or set the clock of this machine",
    );
  }
  if (CLIENT_CERTIFICATE.test(code)) {
    return facts(
      "REDIS_TLS_CLIENT_CERT",
      `${where} ${tls?.cert ? "does not accept the certificate of redisha.yaml" : "wants a certificate from its clients, and redisha.yaml gives none"}.`,
      "set tls.cert and tls.key in redisha.yaml to a certificate that the server's tls-ca-cert-file signed",
    );
  }
  if (/SELF_SIGNED|UNABLE_TO_|CERT_UNTRUSTED|CERT_SIGNATURE_FAILURE|CERT_CHAIN|INVALID_CA|CERT_REJECTED/.test(code)) {
    return facts(
      "REDIS_TLS_UNTRUSTED",
      `The certificate of ${where} is not signed by ${tls?.ca ?? "an authority that this machine trusts"} (${code}).`,
      look,
      "set tls.ca in redisha.yaml to the certificate of the authority that signed it",
    );
  }
  if (/^ERR_(SSL|OSSL|TLS)_/.test(code)) return facts("REDIS_TLS_FAILED", `TLS with ${where} failed (${code}).`, look);
  return streamTrouble(route, error);
}

/** `; it is for DNS:r1.example`, from the error that Node's own check gives. */
function certificateNames(error: unknown): string {
  if (error === null || typeof error !== "object" || !("cert" in error)) return "";
  const { cert } = error;
  const names = cert !== null && typeof cert === "object" && "subjectaltname" in cert ? cert.subjectaltname : undefined;
  return typeof names === "string" ? `; it is for ${names}` : "";
}
