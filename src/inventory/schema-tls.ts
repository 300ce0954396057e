import { z } from "zod";
import { count, duration, name, path, text } from "./words.ts";

const days = (what: string, fallback: string) =>
  duration().optional().describe(`${what} Whole days. Default: ${fallback}.`);

const authoritySchema = z.strictObject({
  folder: path()
    .optional()
    .describe(
      "Folder on this machine that it is kept in; its key is encrypted to backup.encrypt_to where that is declared. Default: tls/ and the name of the deployment, beside this file.",
    ),
  valid: days("How long the certificate of the authority is valid.", "3650d"),
});

const filesSchema = z.strictObject({
  cert: path().describe("Certificate of the host's servers, PEM, with those of intermediate authorities behind it."),
  key: path().describe("Its key, PEM."),
});

export const tlsSchema = z.strictObject({
  mode: z
    .enum(["required", "only", "both", "disabled"])
    .optional()
    .describe(
      "required, the default, and only, which is the same: every connection to Redis and Sentinel is TLS and its certificate is verified. both: servers listen for TLS beside plain connections, and everything goes on in plain: the way from one to the other.",
    ),
  port_offset: count(0, 60_000)
    .optional()
    .describe(
      "How far above its declared port an instance listens for TLS. Default: 0, the declared port itself; with mode: both it must be more.",
    ),
  ca: path()
    .optional()
    .describe("Certificates to trust, PEM. Default: the authority below; where there is none, those of the system."),
  cert: path().optional().describe("Certificate of the client, PEM; goes with key."),
  key: path().optional().describe("Key of the client, PEM; goes with cert."),
  server_name: text("a host name")
    .optional()
    .describe("Name that certificates must carry, where it is not the address."),
  authority: authoritySchema
    .optional()
    .describe("An authority of redisha's own, which signs the certificates of servers: `authority: {}`."),
  files: z
    .record(name("the name of a host"), filesSchema)
    .optional()
    .describe("Certificates made elsewhere, by host, in place of an authority; tls.ca names who signed them."),
  valid: days("How long certificates of servers are valid.", "365d"),
  renew_before: days("How long before its end `redisha init` makes a certificate anew.", "a third of valid"),
  warn_before: duration()
    .optional()
    .describe("How long before a certificate ends `redisha status` warns. Default: 21d."),
  clients: z
    .enum(["none", "optional", "required"])
    .optional()
    .describe(
      "Whether clients need a certificate that tls.ca signed. Default: none; servers check each other's by it.",
    ),
  client_names: z
    .array(name("the name of a client"), { error: "expected a list of names" })
    .optional()
    .describe(
      "Clients beside redisha that get a certificate of the authority, as clients/NAME.crt and NAME.key in its folder; where clients is optional or required.",
    ),
  protocols: z
    .array(z.enum(["TLSv1.2", "TLSv1.3"]))
    .min(1, "expected at least one protocol")
    .optional()
    .describe("Protocols that servers speak. Default: both."),
  ciphers: text("a list of ciphers as OpenSSL takes it").optional().describe("Ciphers for TLSv1.2."),
  ciphersuites: text("a list of ciphersuites as OpenSSL takes it").optional().describe("Ciphersuites for TLSv1.3."),
});
