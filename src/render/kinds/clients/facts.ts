import { isIP } from "node:net";
import { z } from "zod";
import { parseDuration } from "../../../core/units.ts";
import type { Deployment } from "../../../inventory/model.ts";
import { unrenderable } from "../kind.ts";

const duration = (fallback: string | undefined, what: string) =>
  z
    .string()
    .transform((text, issues) => {
      const ms = parseDuration(text);
      if (ms === undefined || ms < 1_000) issues.addIssue({ code: "custom", message: "expected a time such as 30m" });
      return ms ?? 0;
    })
    .optional()
    .describe(fallback === undefined ? what : `${what} Default: ${fallback}.`);

/** What redisha.yaml does not know of an application. */
export const clientOptions = {
  user: z
    .string()
    .optional()
    .describe("Of users.applications, whom it logs in as. Left out: the only one there is, otherwise the operator."),
  endpoint: z
    .string()
    .regex(/^\S+:\d{1,5}$/, "expected HOST:PORT")
    .optional()
    .describe("Where there are neither Sentinels nor a Cluster: what always leads to the primary, such as HAProxy."),
  prefix: z
    .string()
    .regex(/^[^\s*?[\]\\]*$/, "expected a prefix without blanks and wildcards")
    .optional()
    .describe("Before every key of a session. Left out: what the user may touch, otherwise session:."),
  ttl: duration("30m", "How long a session lasts after it was last used."),
  deadline: duration(undefined, "How long a call goes on trying. Left out: as long as a failover may take."),
  ca: z.string().default("/etc/ssl/redis-ca.crt").describe("Where the application finds the authority, with TLS."),
  cert: z.string().default("/etc/ssl/redis-client.crt").describe("Its certificate, where servers ask for one."),
  key: z.string().default("/etc/ssl/redis-client.key").describe("The key of that."),
};

const optionsSchema = z.strictObject(clientOptions);
export type ClientOptions = z.output<typeof optionsSchema>;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** What a client has to know, for templates: what there is none of is null. */
export interface ClientFacts {
  readonly deployment: string;
  readonly kind: Deployment["kind"];
  readonly master_name: string;
  readonly servers: readonly Address[];
  readonly sentinels: readonly Address[];
  /** Of a replication without Sentinels. */
  readonly endpoint: Address;
  readonly login: Login | null;
  readonly sentinel_login: Login | null;
  readonly tls: { ca: string; cert: string | null; key: string | null; server_name: string | null } | null;
  readonly prefix: string;
  readonly ttl_s: number;
  readonly deadline_ms: number;
  /** Each string as a literal; JSON's are those of JavaScript, Python, Java and Go. */
  readonly q: (text: string) => string;
  /** An address as one text. */
  readonly at: (host: string, port: number) => string;
}

interface Login {
  readonly user: string | null;
  /** The environment variable that holds the password. */
  readonly variable: string;
}

const SESSION_MS = 1_800_000;
/** cluster-node-timeout where it is not declared. */
const NODE_TIMEOUT_MS = 15_000;

/** Fails with RENDER_UNDECLARED for a user that is not declared. */
export function clientFacts(deployment: Deployment, options: ClientOptions): ClientFacts {
  const { instances, kind, auth, tls, serverTls } = deployment;
  const addresses = (wanted: "data" | "sentinel"): Address[] =>
    instances.filter((each) => each.kind === wanted).map(({ address, port }) => ({ host: address, port }));
  const first = instances.find((each) => each.initialPrimary) ?? instances[0];
  const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(options.endpoint ?? "") ?? [];
  const user = userOf(deployment, options.user);
  const certificate = tls?.cert !== undefined || serverTls?.clients === "yes";
  return {
    ...{ deployment: deployment.name, kind, master_name: deployment.masterName ?? "" },
    servers: addresses("data"),
    sentinels: addresses("sentinel"),
    endpoint: host === "" ? { host: first?.address ?? "", port: first?.port ?? 6379 } : { host, port: Number(port) },
    login: user === undefined ? null : { user: user.name ?? null, variable: "REDIS_PASSWORD" },
    sentinel_login: auth.sentinel.password
      ? { user: auth.sentinel.username ?? null, variable: "REDIS_SENTINEL_PASSWORD" }
      : null,
    tls: tls
      ? {
          ca: options.ca,
          cert: certificate ? options.cert : null,
          key: certificate ? options.key : null,
          server_name: tls.serverName ?? null,
        }
      : null,
    prefix: options.prefix ?? prefixOf(user?.keys),
    ttl_s: Math.round((options.ttl ?? SESSION_MS) / 1_000),
    deadline_ms: options.deadline ?? failoverMs(deployment),
    q: (text) => JSON.stringify(text),
    at: (host, port) => (isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`),
  };
}

/** What is to be put where, for notes. */
export function clientNotes({ kind, login, sentinel_login, tls }: ClientFacts, endpoint: string | undefined): string[] {
  const variables = [login, sentinel_login].flatMap((each) => (each ? [each.variable] : []));
  const files = [tls?.ca, tls?.cert, tls?.key].filter((path) => path);
  return [
    ...(variables.length > 0 ? [`in the environment of the application: ${variables.join(", ")}`] : []),
    ...(files.length > 0 ? [`on its host: ${files.join(", ")}; --set ca=… for another place`] : []),
    ...(kind === "replication" && endpoint === undefined
      ? ["nothing leads it to another primary: render haproxy, and --set endpoint=HOST:PORT"]
      : []),
  ];
}

function userOf({ users, auth, name }: Deployment, wanted: string | undefined) {
  const applications = users?.applications ?? [];
  if (wanted !== undefined) {
    const found = applications.find((each) => each.name === wanted);
    if (found) return found;
    throw unrenderable(`${name} declares no application ${wanted}.`, [
      applications.length > 0
        ? `applications: ${applications.map((each) => each.name).join(", ")}`
        : `users: { applications: { ${wanted}: { password: { env: … }, keys: ["session:*"] } } } in redisha.yaml`,
    ]);
  }
  const [only] = applications.length === 1 ? applications : [];
  return only ?? (auth.data.password ? { name: auth.data.username, keys: undefined } : undefined);
}

/** `cart:*` lets it touch what begins with `cart:`. */
function prefixOf(keys: readonly string[] | undefined): string {
  const [pattern = "*"] = keys ?? [];
  return /^[^*?[\]\\]+\*$/.test(pattern) ? pattern.slice(0, -1) : "session:";
}

/** Until somebody holds the primary to be down, then the vote, the promotion, and clients that find out: with room. */
function failoverMs({ kind, sentinel, config }: Deployment): number {
  if (kind === "cluster") return Number(config["cluster-node-timeout"] ?? NODE_TIMEOUT_MS) * 2 + 10_000;
  return (sentinel?.downAfterMs ?? 5_000) + 15_000;
}
