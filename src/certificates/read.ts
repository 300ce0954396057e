import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** What of a certificate is worth telling; nothing of it is secret. */
export interface CertificateFacts {
  readonly subject: string;
  readonly serial: string;
  readonly not_before: string;
  readonly not_after: string;
  /** SHA-256, as `openssl x509 -fingerprint -sha256` prints it. */
  readonly fingerprint: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The certificates of a PEM file, in its order; one that cannot be read is left out. */
export function certificatesIn(pem: string): X509Certificate[] {
  return (pem.match(BLOCK) ?? []).flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** The PEM text of certificates, one behind the other. */
export function bundle(...pems: readonly string[]): string {
  return [...new Set(pems.flatMap((pem) => pem.match(BLOCK) ?? []))].map((block) => `${block}\n`).join("");
}

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: certificate.subject.split("\n").join(", "),
    serial: certificate.serialNumber,
    not_before: certificate.validFromDate.toISOString(),
    not_after: certificate.validToDate.toISOString(),
    fingerprint: certificate.fingerprint256,
  };
}

/** Whether one of the authorities signed it. */
export function isSignedBy(certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean {
  return authorities.some((each) => certificate.checkIssued(each) && certificate.verify(each.publicKey));
}

/** Which of these addresses and names it is not good for. */
export function namesMissing(certificate: X509Certificate, names: readonly string[]): string[] {
  return names.filter((name) =>
    isIP(name) === 0 ? certificate.checkHost(name) === undefined : certificate.checkIP(name) === undefined,
  );
}
