import { createHash } from "node:crypto";
import { type EngineVersion, knownDirective } from "../conf/known-directives.ts";
import { compareVersions } from "../runbook/versions.ts";
import { renderTemplate } from "./template.ts";

/** A user and the passwords it may log in with: two while one is being changed for another. */
export interface UserLogin {
  readonly name: string;
  readonly passwords: readonly string[];
}

/** A user of an application, and what it may reach. */
export interface ApplicationUser extends UserLogin {
  readonly access: "read-write" | "read-only";
  /** Patterns such as `cart:*`. */
  readonly keys: readonly string[];
  readonly channels: readonly string[];
}

export interface UsersNeeds {
  readonly engine: EngineVersion;
  readonly operator: UserLogin;
  /** Password of the user `default`, which may do everything: where it is not off yet. */
  readonly open?: string;
  readonly replication: UserLogin;
  readonly sentinel?: UserLogin;
  readonly exporter?: UserLogin;
  readonly applications: readonly ApplicationUser[];
}

/**
 * What cluster and Sentinel clients ask for when they connect, beside what their commands need. The whole of CLIENT and
 * CLUSTER counts as dangerous up to 6.2.
 */
const CONNECTING = [
  ...["+info", "+role", "+cluster|slots", "+cluster|nodes", "+cluster|info"],
  ...["+client|setname", "+client|getname", "+client|id"],
];

/**
 * The ACL file of data instances: the user `default` is off, and every other may do the least that it needs. Passwords
 * stand in it as SHA-256, so that it tells none.
 */
export function renderUsers(needs: UsersNeeds): string {
  const { engine } = needs;
  // Redis 6.0 knows no channels and refuses to start where a rule names one.
  const channels = knownDirective("acl-pubsub-default", engine) !== undefined;
  const rules = (rule: string) => (channels ? rule : "");
  const text = renderTemplate("users.acl.eta", {
    operator: loginOf(needs.operator),
    open: needs.open === undefined ? null : loginOf({ name: "default", passwords: [needs.open] }),
    replication: loginOf(needs.replication),
    sentinel: needs.sentinel ? loginOf(needs.sentinel) : null,
    exporter: needs.exporter ? loginOf(needs.exporter) : null,
    coordinated: engine.name === "valkey" && compareVersions(engine.version, "9.0") >= 0,
    channels: { all: rules("&*"), none: rules("resetchannels"), hello: rules("resetchannels &__sentinel__:hello") },
    applications: needs.applications.map((user) => ({
      ...loginOf(user),
      keys: user.keys.map((pattern) => `~${pattern}`).join(" "),
      channels: rules(["resetchannels", ...user.channels.map((pattern) => `&${pattern}`)].join(" ")),
      commands: commandsOf(user).join(" "),
    })),
  });
  return text
    .replace(/ +/g, " ")
    .replace(/ $/gm, "")
    .replace(/\n{2,}/g, "\n");
}

function commandsOf({ access }: ApplicationUser): string[] {
  if (access === "read-write") return ["+@all", "-@admin", "-@dangerous", ...CONNECTING];
  return [
    "-@all",
    "+@read",
    "+@connection",
    "+subscribe",
    "+psubscribe",
    "+unsubscribe",
    "+punsubscribe",
    // Redis 6 refuses to start where a subcommand is added to a command that is allowed as a whole.
    "-@dangerous",
    ...CONNECTING,
  ];
}

/** A user as templates take it: its name, and its passwords as SHA-256. */
export function loginOf({ name, passwords }: UserLogin): { name: string; passwords: string } {
  const hashes = passwords.map((password) => `#${createHash("sha256").update(password).digest("hex")}`);
  return { name, passwords: hashes.join(" ") };
}
