import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { DeclaredUser, Deployment } from "../inventory/model.ts";
import type { ApplicationUser, UserLogin } from "../render/users.ts";

/** Every login that servers are set up with, passwords read. */
export interface Credentials {
  readonly operator: UserLogin;
  /** As redisha logs in to Sentinels. */
  readonly sentinelOperator: UserLogin | undefined;
  readonly replication: UserLogin;
  readonly sentinel: UserLogin | undefined;
  readonly exporter: UserLogin | undefined;
  readonly applications: readonly ApplicationUser[];
  /** Of the user `default`, which all have logged in as until now and may go on to; undefined: it is off. */
  readonly open: string | undefined;
}

/**
 * Reads every password. Fails with INIT_USERS_MISSING (exit 2) where redisha.yaml leaves out a user without which servers
 * would be open to anybody, or could not find each other.
 */
export async function readCredentials(deployment: Deployment): Promise<Credentials> {
  const { auth, users, kind } = deployment;
  const missing = [
    ...(auth.data.username === undefined || auth.data.password === undefined ? ["auth.operator with a username"] : []),
    ...(users?.replication === undefined ? ["users.replication"] : []),
    ...(kind === "sentinel" && users?.sentinel === undefined ? ["users.sentinel"] : []),
    ...(kind === "sentinel" && auth.sentinel.password === undefined ? ["auth.sentinel, such as `same`"] : []),
  ];
  const { username, password } = auth.data;
  if (missing.length > 0 || username === undefined || password === undefined || users?.replication === undefined) {
    throw usersMissing(missing);
  }
  const before = auth.data.previousUsername === undefined ? undefined : auth.data.previousPassword;
  return {
    open: await before?.(),
    operator: { name: username, passwords: [await password()] },
    sentinelOperator:
      auth.sentinel.password && kind === "sentinel"
        ? { name: auth.sentinel.username ?? "default", passwords: [await auth.sentinel.password()] }
        : undefined,
    replication: await loginOf(users.replication),
    sentinel: users.sentinel && (await loginOf(users.sentinel)),
    exporter: users.exporter && (await loginOf(users.exporter)),
    applications: await Promise.all(
      users.applications.map(async (user) => ({
        ...(await loginOf(user)),
        access: user.access,
        keys: user.keys,
        channels: user.channels,
      })),
    ),
  };
}

async function loginOf({ name, password }: DeclaredUser): Promise<UserLogin> {
  return { name, passwords: [await password()] };
}

function usersMissing(missing: readonly string[]): RedishaError {
  return new RedishaError({
    code: "INIT_USERS_MISSING",
    message: `Servers are set up with users of their own, and redisha.yaml does not declare ${missing.join(", ")}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [
      "auth: { operator: { username: redisha, password: { env: REDISHA_PASSWORD } }, sentinel: same }",
      "users: { replication: { password: { env: REPLICATION_PASSWORD } }, sentinel: { password: { env: SENTINEL_PASSWORD } } }",
    ],
  });
}
