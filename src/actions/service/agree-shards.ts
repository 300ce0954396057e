import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import type { Service } from "./descriptor.ts";
import { brieflyOnHostOf } from "./shell.ts";

/**
 * `$1` the configuration file, `$2` the folder that the server works in. Gives each replica in its list of nodes the shard-id of
 * the primary that it is listed under; prints the list's path where one was another.
 */
const AGREE = `
set -e
conf=$1
said() { sed -n "s/^[[:space:]]*$1[[:space:]]\\{1,\\}//Ip" -- "$conf" | tail -n 1 | tr -d "\\"'\\r" | sed 's/[[:space:]]*$//'; }
[ -f "$conf" ] && [ "$(said cluster-enabled)" = yes ] || exit 0
nodes=$(said cluster-config-file)
case $nodes in /*) ;; *) nodes=$2/\${nodes:-nodes.conf} ;; esac
[ -f "$nodes" ] || exit 0
cp -p -- "$nodes" "$nodes.redisha-part"
awk '
  { id = match($0, /shard-id=[0-9a-f]+/) ? substr($0, RSTART + 9, RLENGTH - 9) : "" }
  NR == FNR { if ($3 ~ /master/) of[$1] = id; next }
  id != "" && of[$4] != "" && of[$4] != id { sub("shard-id=" id, "shard-id=" of[$4]) }
  { print }' "$nodes" "$nodes" >"$nodes.redisha-part"
if cmp -s -- "$nodes" "$nodes.redisha-part"; then rm -f -- "$nodes.redisha-part"; exit 0; fi
sync -- "$nodes.redisha-part" 2>/dev/null || sync
mv -f -- "$nodes.redisha-part" "$nodes"
echo "$nodes"`;

/**
 * Before a stopped node of a Cluster is started. A node may write down a replica under another shard-id than its primary's while
 * a young cluster, or one behind a failover, still tells around who belongs together; Redis 7.2 and 7.4 and Valkey up to 8.1.1
 * do not start with such a list, which is their own ("corrupted cluster config file", valkey#2171, redis#13468). Later ones
 * read it as it is put here.
 */
export async function agreeShards(instance: Instance, service: Service, context: ActionContext): Promise<void> {
  if (context.deployment.kind !== "cluster") return;
  const failure = { code: "SERVICE_NOT_STARTED", what: "its list of nodes cannot be read", state: "it does not run" };
  const args = [service.config_file, service.directory];
  const changed = (await brieflyOnHostOf(instance, context, AGREE, args, failure)).trim();
  if (changed === "") return;
  context.emit({
    type: "warning",
    message: `${instance.id}: ${changed} named a replica under another shard-id than its primary's, with which some releases do not start; it has that of its primary now`,
  });
}
