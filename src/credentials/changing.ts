import type { Deployment } from "../inventory/model.ts";

/** Which of the two passwords of a login is meant. */
export type Which = "new" | "previous";

/** A login whose password is being changed: redisha.yaml gives the new one and the one before. */
export interface ChangingLogin {
  /** The ACL user; `default` where redisha.yaml names none. */
  readonly user: string;
  /** Whose users it is one of. */
  readonly on: "data" | "sentinel";
  /** Where it stands in redisha.yaml, below the deployment: `auth.operator`. */
  readonly place: string;
  /** A server without this user is none of its: Sentinels may log in to each other as somebody else. */
  readonly optional: boolean;
  readonly password: () => Promise<string>;
  readonly previous: () => Promise<string>;
}

interface Declared {
  readonly username?: string;
  readonly name?: string;
  readonly password?: () => Promise<string>;
  readonly previousPassword?: () => Promise<string>;
  readonly previousUsername?: string;
}

/** Every login with a `previous_password`; one user stands once for each kind of server. */
export function changingLogins({ auth, users, kind }: Deployment): ChangingLogin[] {
  const data = [
    login("data", "auth.operator", auth.data),
    login("data", "users.replication", users?.replication),
    login("data", "users.sentinel", users?.sentinel),
    login("data", "users.exporter", users?.exporter),
    ...(users?.applications ?? []).map((user) => login("data", `users.applications.${user.name}`, user)),
  ];
  const sentinel = [
    login("sentinel", auth.sentinel === auth.data ? "auth.operator" : "auth.sentinel", auth.sentinel),
    login("sentinel", "users.sentinel", users?.sentinel, true),
  ];
  const all = [...data, ...(kind === "sentinel" ? sentinel : [])].flat();
  return all.filter((each, at) => all.findIndex(({ user, on }) => user === each.user && on === each.on) === at);
}

/** As whom Sentinels log in to the servers, by redisha.yaml. */
export function sentinelsUser({ auth, users }: Deployment): string {
  return users?.sentinel?.name ?? auth.data.username ?? "default";
}

/** The password meant. */
export function passwordOf({ password, previous }: ChangingLogin, which: Which): Promise<string> {
  return which === "new" ? password() : previous();
}

function login(
  on: ChangingLogin["on"],
  place: string,
  declared: Declared | undefined,
  optional = false,
): ChangingLogin[] {
  const { password, previousPassword: previous, username, name } = declared ?? {};
  // The password of another user is not changed for this one: that user goes, when redisha.yaml names it no more.
  if (!password || !previous || declared?.previousUsername !== undefined) return [];
  return [{ user: username ?? name ?? "default", on, place, optional, password, previous }];
}
