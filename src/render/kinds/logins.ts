import type { Deployment } from "../../inventory/model.ts";

/** As whom programs that watch servers log in: the user for it where one is declared, otherwise the operator. Null: nobody logs in. */
export function monitorLogin({ users, auth }: Deployment): { readonly username: string | undefined } | null {
  if (users?.exporter) return { username: users.exporter.name };
  return auth.data.password ? { username: auth.data.username } : null;
}
