import { z } from "zod";
import { signingAuthority } from "../../certificates/authority-folder.ts";
import { clientsDue } from "../../certificates/client-certificates.ts";
import { authorityOf, givenCertificates, namesOf, trustOf } from "../../certificates/material.ts";
import { bundle, certificatesIn, factsOf, isSignedBy, namesMissing } from "../../certificates/read.ts";
import type { Host } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { type HostPem, homePlaces, livePlaces, lookAtPem, placeSchema } from "./place.ts";

const MODE = "0640";

const certificateSchema = z.strictObject({
  subject: z.string(),
  serial: z.string(),
  not_before: z.string(),
  not_after: z.string(),
  fingerprint: z.string(),
});

const tlsComparisonSchema = z.strictObject({
  host: z.string(),
  places: z.array(placeSchema).describe("Files that its servers have certificates in; none without TLS"),
  pair: z.array(z.string()).describe("Why a certificate is to be put; none where it is as it should be"),
  trust: z.array(z.string()).describe("Why what is trusted is to be put"),
  makes: z.boolean().describe("Redisha's own authority signs them"),
  clients: z.array(z.string()).describe("Clients whose certificate, on this machine, is to be made"),
  certificate: certificateSchema.nullable().describe("The one that is there"),
});

/** Looks at certificates of a host, and says why they are not as they should be. */
export const tlsCompare = defineAction({
  name: "tls.compare",
  summary: "Holds certificates of each targeted host against what redisha.yaml declares; keys stay where they are",
  scope: "host",
  effect: "read",
  input: z.strictObject({
    live: z
      .boolean()
      .default(false)
      .describe(
        "Look where running servers have theirs, and refuse what cannot be replaced; else where init puts them",
      ),
  }),
  output: tlsComparisonSchema,
  example: `- id: certificates
  action: tls.compare
  targets: { role: any, per: host }
  with: {}`,
  commands: () => [{ transport: "exec", text: "look at certificates" }],
  async run({ live }, context) {
    const host = hostOf(context);
    const none = {
      host: host.name,
      places: [],
      pair: [],
      trust: [],
      makes: authorityOf(context.deployment) !== undefined,
      clients: await clientsDue(context.deployment),
      certificate: null,
    };
    if (!context.deployment.serverTls) return { outputs: none, changed: false };
    const places = live ? await livePlaces(host, context) : homePlaces(host, context.deployment);
    const shell = await context.shell(host);
    const look = (path: string) => lookAtPem(shell, path, context.signal);
    const pairs = await Promise.all(places.map(async (place) => ({ place, found: await look(place.pair) })));
    const cas = await Promise.all(places.map(async (place) => ({ place, found: await look(place.ca) })));
    const authority = authorityOf(context.deployment);
    // Whoever is going to sign must be able to: better now than in the middle.
    if (live && authority) await signingAuthority(authority);
    const pair = await Promise.all(pairs.map(({ found, place }) => whyPair(found, place.owner, host, context)));
    const trust = await Promise.all(cas.map(({ found }) => whyTrust(found, context)));
    const [leaf] = certificatesIn(pairs[0]?.found?.certificates ?? "");
    const outputs = {
      ...none,
      places,
      pair: [...new Set(pair.flat())],
      trust: [...new Set(trust.flat())],
      certificate: leaf ? factsOf(leaf) : null,
    };
    return { outputs, changed: false };
  },
});

async function whyPair(
  found: HostPem | undefined,
  owner: string | null,
  host: Host,
  { deployment }: ActionContext,
): Promise<string[]> {
  const [leaf] = certificatesIn(found?.certificates ?? "");
  if (!found || !leaf) return ["there is none"];
  const given = await givenCertificates(host, deployment);
  const trusted = await trustOf(deployment, "newest");
  const left = leaf.validToDate.getTime() - Date.now();
  const missing = namesMissing(leaf, namesOf(host, deployment).slice(0, given === undefined ? undefined : -1));
  return [
    ...(found.hasKey ? [] : ["its key is not with it"]),
    ...(owner === null || (found.owner === owner && found.mode === MODE)
      ? []
      : [`${found.owner} ${found.mode}, not ${owner} ${MODE}`]),
    ...(given !== undefined && bundle(found.certificates) !== given ? ["another one is given"] : []),
    ...(given === undefined && !isSignedBy(leaf, certificatesIn(trusted ?? "")) ? ["another authority signed it"] : []),
    ...(missing.length > 0 ? [`it is not for ${missing.join(", ")}`] : []),
    ...(given === undefined && left < (deployment.serverTls?.renewBeforeMs ?? 0)
      ? [`it ends on ${leaf.validToDate.toISOString().slice(0, 10)}`]
      : []),
  ];
}

async function whyTrust(found: HostPem | undefined, { deployment }: ActionContext): Promise<string[]> {
  if (!found) return ["there is none"];
  const wanted = await trustOf(deployment, "all");
  return bundle(found.certificates) === wanted ? [] : ["it trusts others"];
}
