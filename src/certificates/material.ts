import { createPrivateKey, type X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { inWords } from "../core/files.ts";
import { scrubber } from "../core/scrub.ts";
import type { Deployment, Host, ServerTls } from "../inventory/model.ts";
import { type AuthorityPlace, authoritiesOf, signingAuthority } from "./authority-folder.ts";
import { issueCertificate } from "./openssl.ts";
import { bundle, certificatesIn, isSignedBy, namesMissing } from "./read.ts";

/** Whom servers trust while one authority takes the place of another. */
export type Trust = "all" | "newest";

/** The authority of a deployment; undefined where certificates are given. */
export function authorityOf(deployment: Pick<Deployment, "name" | "serverTls">): AuthorityPlace | undefined {
  const source = deployment.serverTls?.source;
  return source?.kind === "authority" ? { ...source, deployment: deployment.name } : undefined;
}

/** Every address and name that servers of a host are reached at. */
export function namesOf({ name, address }: Host, { instances }: Pick<Deployment, "instances">): string[] {
  const announced = instances
    .filter((instance) => instance.host.name === name)
    .flatMap(({ address: at, listen }) => (listen === undefined ? [at] : [at, listen]));
  return [...new Set([address, ...announced, name])];
}

/** Certificates that servers are to trust, PEM; undefined where there is no authority yet. */
export async function trustOf(deployment: Deployment, trust: Trust): Promise<string | undefined> {
  const { source } = declared(deployment);
  if (source.kind === "files") return bundle(await given(source.ca));
  const { current, next } = await authoritiesOf({ ...source, deployment: deployment.name });
  if (current === undefined && next === undefined) return undefined;
  return trust === "newest" ? bundle(next ?? current ?? "") : bundle(current ?? "", next ?? "");
}

/**
 * Certificate and key of a host's servers, for one file: made now, or as given. Whoever gets it lets it go nowhere but to
 * that host. Fails with AUTHORITY_…, OPENSSL_… or CERTIFICATE_UNFIT.
 */
export async function pairFor(host: Host, deployment: Deployment): Promise<string> {
  const { source, days } = declared(deployment);
  if (source.kind === "files") return givenPair(host, deployment);
  const place = { ...source, deployment: deployment.name };
  const authority = await signingAuthority(place);
  const wanted = { organisation: "redisha", name: host.name, days, names: namesOf(host, deployment) };
  const { certificate, key } = await issueCertificate(authority, wanted, source.folder);
  scrubber.learn(key.trim());
  return `${certificate}${key}`;
}

/** The certificates of a host that were given; undefined where redisha makes them. */
export async function givenCertificates(host: Host, deployment: Deployment): Promise<string | undefined> {
  const { source } = declared(deployment);
  return source.kind === "files" ? bundle(await given(source.hosts[host.name]?.cert ?? "")) : undefined;
}

async function givenPair(host: Host, deployment: Deployment): Promise<string> {
  const { source } = declared(deployment);
  if (source.kind !== "files") throw new TypeError("certificates are made by an authority");
  const { cert = "", key = "" } = source.hosts[host.name] ?? {};
  const [certificates, secret, ca] = await Promise.all([given(cert), given(key), given(source.ca)]);
  scrubber.learn(secret.trim());
  const [leaf, ...between] = certificatesIn(certificates);
  if (!leaf) throw unfit(host, cert, "it holds no certificate");
  if (!fits(leaf, secret)) throw unfit(host, key, `it is not the key of ${cert}`);
  if (!isSignedBy(leaf, [...between, ...certificatesIn(ca)])) throw unfit(host, cert, `${source.ca} did not sign it`);
  if (leaf.validToDate.getTime() < Date.now()) throw unfit(host, cert, "it has ended");
  const missing = namesMissing(leaf, namesOf(host, deployment).slice(0, -1));
  if (missing.length > 0) throw unfit(host, cert, `it is not for ${missing.join(", ")}`);
  return `${bundle(certificates)}${secret.trim()}\n`;
}

function fits(certificate: X509Certificate, key: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key));
  } catch {
    return false;
  }
}

async function given(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new RedishaError({
      code: "CERTIFICATE_UNREADABLE",
      message: `${path}, which tls in redisha.yaml names, cannot be read: ${inWords(cause)}.`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [`ls -l ${path}`],
      cause,
    });
  });
}

function declared({ name, serverTls }: Pick<Deployment, "name" | "serverTls">): ServerTls {
  if (serverTls) return serverTls;
  throw new RedishaError({
    code: "TLS_NOT_DECLARED",
    message: `redisha.yaml says nothing of the certificates that servers of ${name} are to have.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      "tls: { authority: {} }, for an authority of redisha's own",
      "tls: { ca: …, files: { r1: { cert: …, key: … } } }",
    ],
  });
}

function unfit(host: Host, path: string, why: string): RedishaError {
  return new RedishaError({
    code: "CERTIFICATE_UNFIT",
    message: `${path} cannot be the certificate of ${host.name}: ${why}.`,
    host: host.name,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`openssl x509 -in ${path} -noout -subject -issuer -dates -ext subjectAltName`],
  });
}
