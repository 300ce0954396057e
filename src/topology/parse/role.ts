import { toInt } from "./info.ts";

/** What ROLE answers, by kind of server. */
export type RoleAnswer =
  | { readonly role: "primary"; readonly offset: number | null; readonly replicas: readonly RoleReplica[] }
  | {
      readonly role: "replica";
      readonly host: string;
      readonly port: number;
      /** `connect`, `connecting`, `handshake`, `sync`, `connected`. */
      readonly state: string;
      readonly offset: number | null;
    }
  | { readonly role: "sentinel"; readonly groups: readonly string[] };

interface RoleReplica {
  readonly ip: string;
  readonly port: number;
  readonly offset: number | null;
}

/** Reads the reply of ROLE; undefined where it is none that this knows. */
export function parseRole(reply: unknown): RoleAnswer | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [kind, first, second, third, fourth]: unknown[] = reply;
  if (kind === "master" || kind === "primary") {
    const replicas = Array.isArray(second) ? second.map(roleReplica).filter((replica) => replica !== undefined) : [];
    return { role: "primary", offset: toInt(first), replicas };
  }
  if (kind === "slave" || kind === "replica") {
    const port = toInt(second);
    if (typeof first !== "string" || port === null) return undefined;
    return {
      role: "replica",
      host: first,
      port,
      state: typeof third === "string" ? third : "unknown",
      offset: toInt(fourth),
    };
  }
  if (kind === "sentinel") {
    const groups = Array.isArray(first) ? first.filter((name) => typeof name === "string") : [];
    return { role: "sentinel", groups };
  }
  return undefined;
}

/** The reply as Redis would send it. */
export function printRole(answer: RoleAnswer): unknown[] {
  switch (answer.role) {
    case "primary": {
      const replicas = answer.replicas.map(({ ip, port, offset }) => [ip, String(port), String(offset ?? "")]);
      return ["master", answer.offset ?? "", replicas];
    }
    case "replica":
      return ["slave", answer.host, answer.port, answer.state, answer.offset ?? ""];
    case "sentinel":
      return ["sentinel", [...answer.groups]];
  }
}

function roleReplica(entry: unknown): RoleReplica | undefined {
  if (!Array.isArray(entry)) return undefined;
  const [ip, port, offset]: unknown[] = entry;
  const number = toInt(port);
  return typeof ip === "string" && number !== null ? { ip, port: number, offset: toInt(offset) } : undefined;
}
