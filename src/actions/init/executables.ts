import { executablesOf } from "../../init/executables.ts";
import { homeOf } from "../../init/homes.ts";
import { refusal } from "../../init/refusal.ts";
import type { Host } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { rootOn } from "../service/shell.ts";

/** `$1` the user that servers run as, then paths: prints those that it cannot execute. Before it is there, anybody. */
const LOOK = `
user=$1; shift
id -u -- "$user" >/dev/null 2>&1 || user=nobody
for path; do runuser -u "$user" -- test -f "$path" -a -x "$path" || echo "$path"; done`;

/**
 * Scripts and modules that redisha.yaml names lie on the host, for servers to execute: with one of them missing its server
 * would not start. Fails with INIT_NO_EXECUTABLE (exit 4).
 */
export async function refuseMissingExecutables(host: Host, context: ActionContext): Promise<void> {
  const { deployment, signal } = context;
  const there = deployment.instances.filter((each) => each.host.name === host.name);
  const paths = [...new Set(there.flatMap((instance) => executablesOf(instance, deployment)))];
  const [first] = there;
  if (paths.length === 0 || !first) return;
  const shell = await context.shell(host);
  const { user } = homeOf(deployment, first);
  const { stdout } = await shell.script(LOOK, [user, ...paths], { become: rootOn(host), signal });
  const [missing] = stdout.trim().split("\n");
  if (!missing) return;
  throw refusal(
    "INIT_NO_EXECUTABLE",
    `${missing} is not on ${host.name}, or ${user} may not execute it: what needs it would not start.`,
    [
      `put it there: install -m 0755 ${missing.slice(missing.lastIndexOf("/") + 1)} ${missing}`,
      "or take it out of redisha.yaml",
    ],
    host.name,
  );
}
