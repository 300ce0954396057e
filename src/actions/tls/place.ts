import { z } from "zod";
import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { homeOf } from "../../init/homes.ts";
import type { Deployment, Host, Instance } from "../../inventory/model.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";

/** Where servers of a host have their certificate and what they trust. */
export const placeSchema = z.strictObject({
  pair: z.string().describe("File with the certificate and its key"),
  ca: z.string().describe("File with the certificates of who is trusted"),
  owner: z.string().nullable().describe("user:group; null for those that the files have now"),
});
export type Place = z.infer<typeof placeSchema>;

/** As init lays it out; all instances of a host share the files. */
export function homePlaces(host: Host, deployment: Deployment): Place[] {
  const places = deployment.instances
    .filter((instance) => instance.host.name === host.name)
    .map((instance) => {
      const { user, tls } = homeOf(deployment, instance);
      return { pair: tls.pair, ca: tls.ca, owner: `${user}:${user}` };
    });
  return distinct(places);
}

/** What running servers of a host say that they use. Fails with TLS_TWO_FILES where certificate and key lie apart. */
export async function livePlaces(host: Host, context: ActionContext): Promise<Place[]> {
  const instances = context.deployment.instances.filter((instance) => instance.host.name === host.name);
  const places = await Promise.all(instances.map((instance) => livePlace(instance, context)));
  return distinct(places.filter((place) => place !== undefined));
}

/** The place of one running server; undefined where it speaks no TLS. */
export async function livePlace(instance: Instance, context: ActionContext): Promise<Place | undefined> {
  const told = instance.kind === "data" ? await ofServer(instance, context) : await ofSentinel(instance, context);
  const { cert = "", key = "", ca = "" } = told;
  if (cert === "") return undefined;
  if (cert === key && ca !== "") return { pair: cert, ca, owner: null };
  throw new RedishaError({
    code: "TLS_TWO_FILES",
    message:
      ca === ""
        ? `${instance.id} has no tls-ca-cert-file: whom it trusts cannot be changed.`
        : `${instance.id} has its certificate in ${cert} and its key in ${key}. Two files cannot be replaced at one moment: a restart in between would find a certificate and a key that do not fit.`,
    host: instance.id,
    state: "nothing was touched",
    next: ["put both into one file, and name it as tls-cert-file and as tls-key-file", "redisha init lays them out so"],
  });
}

const WORDS = { "tls-cert-file": "cert", "tls-key-file": "key", "tls-ca-cert-file": "ca" } as const;
type Told = Partial<Record<(typeof WORDS)[keyof typeof WORDS], string>>;

async function ofServer(instance: Instance, { redis, signal }: ActionContext): Promise<Told> {
  const connection = await redis(instance);
  const entries = await Promise.all(
    Object.entries(WORDS).map(async ([directive, word]) => {
      const reply = await connection.command(["CONFIG", "GET", directive], { signal });
      return [word, Array.isArray(reply) ? String(reply[1] ?? "") : ""] as const;
    }),
  );
  return Object.fromEntries(entries);
}

/** `$1` a configuration file. */
const READ_FILE = `sed -n 's/^ *\\(tls-cert-file\\|tls-key-file\\|tls-ca-cert-file\\) *"\\{0,1\\}\\([^"]*[^" ]\\)"\\{0,1\\} *$/\\1 \\2/p' -- "$1"`;

/** Sentinel has no CONFIG: its file says it. */
async function ofSentinel(instance: Instance, context: ActionContext): Promise<Told> {
  const connection = await context.redis(instance);
  const info = parseInfo(String(await connection.command(["INFO", "server"], { signal: context.signal })));
  const shell = await context.shell(instance.host);
  const { stdout } = await shell.script(READ_FILE, [info.config_file ?? ""], { become: true, signal: context.signal });
  const lines = stdout.trim().split("\n");
  return Object.fromEntries(
    Object.entries(WORDS).map(([directive, word]) => {
      const line = lines.find((each) => each.startsWith(`${directive} `));
      return [word, line?.slice(directive.length + 1) ?? ""];
    }),
  );
}

function distinct(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [place.pair, place])).values()];
}

/** A PEM file of a host as far as it may be told: certificates, and whether a key is with them. */
export interface HostPem {
  readonly owner: string;
  readonly mode: string;
  readonly certificates: string;
  readonly hasKey: boolean;
}

/** `$1` a file. Its key stays where it is. */
const LOOK = `
[ -f "$1" ] || { echo absent; exit 0; }
stat -L -c '%U:%G 0%a' -- "$1"
grep -c 'PRIVATE KEY-----' -- "$1" || true
sed -n '/BEGIN CERTIFICATE/,/END CERTIFICATE/p' -- "$1"`;

/** Reads it; undefined where there is none. */
export async function lookAtPem(
  shell: HostConnection,
  path: string,
  signal: AbortSignal,
): Promise<HostPem | undefined> {
  const { code, stdout, stderr } = await shell.script(LOOK, [path], { become: true, signal });
  if (code !== 0) {
    throw new RedishaError({
      code: "HOST_FILE_NOT_READ",
      message: `Could not look at ${path} on ${shell.host}: ${stderr.trim().split("\n").at(-1)}`,
      host: shell.host,
      state: "nothing was changed by this step",
    });
  }
  const [first = "", keys = "", ...rest] = stdout.split("\n");
  if (first === "absent") return undefined;
  const [owner = "", mode = ""] = first.split(" ");
  return { owner, mode, hasKey: Number(keys) > 0, certificates: rest.join("\n") };
}
