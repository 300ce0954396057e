import type { UsersPolicy } from "./model.ts";
import type { Surroundings } from "./paths.ts";
import type { DeclaredDeployment } from "./schema.ts";
import { passwordsOf } from "./to-passwords.ts";
import { present } from "./to-values.ts";

/** The users that servers are to have; passwords are still to be asked for. */
export function usersOf(declared: DeclaredDeployment["users"], around: Surroundings): { users?: UsersPolicy } {
  if (!declared) return {};
  const service = (name: "replication" | "sentinel" | "exporter") => {
    const user = declared[name];
    return user && { name: user.username ?? name, ...passwordsOf(user, around) };
  };
  const applications = Object.entries(declared.applications ?? {}).map(([name, user]) => ({
    name,
    ...passwordsOf(user, around),
    access: user.access ?? "read-write",
    keys: user.keys,
    channels: user.channels ?? [],
  }));
  const services = {
    replication: service("replication"),
    sentinel: service("sentinel"),
    exporter: service("exporter"),
  };
  return { users: { ...present(services), applications } };
}
