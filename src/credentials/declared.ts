import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import type { Deployment } from "../inventory/model.ts";

/** Who logs in to data servers beside people and applications. */
export const SERVICES = ["replication", "sentinel"] as const;
export type ServiceName = (typeof SERVICES)[number];

export interface ServiceLogin {
  /** `default` where redisha.yaml names no user. */
  readonly user: string;
  readonly password: () => Promise<string>;
}

/**
 * As whom replicas, or Sentinels, log in to servers by redisha.yaml: their own user, else the operator's. Fails with
 * LOGIN_NOT_DECLARED where there is no password at all.
 */
export function serviceLogin({ auth, users }: Pick<Deployment, "auth" | "users">, service: ServiceName): ServiceLogin {
  const own = users?.[service];
  if (own) return { user: own.name, password: own.password };
  const { username = "default", password } = auth.data;
  if (password) return { user: username, password };
  throw new RedishaError({
    code: "LOGIN_NOT_DECLARED",
    message: `redisha.yaml says neither users.${service} nor auth.operator: there is no password to log in with.`,
    exit: EXIT.usage,
    state: "nothing was changed",
    next: [`give users.${service} a password in redisha.yaml`],
  });
}
