import { quoteAll } from "../../connect/quote.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { addressOf } from "../../topology/after-switchover.ts";
import { parseEndpoint } from "../../topology/parse/address.ts";
import type { ActionContext } from "../contract.ts";
import { instanceOf } from "../needs.ts";
import { FENCE, FENCE_QUESTION, isFenced, type WriteGuard } from "./fence.ts";

type Successors = Pick<WriteGuard, "successors">;

/**
 * To be done before a fence goes: a fenced primary one of whose replicas was promoted becomes that one's replica, so that the
 * two never both take writes. A replica that is attached, or says that it is one, was not promoted. Gives whom it follows now, if anybody. Fails with FENCE_KEPT
 * where one is not attached and does not answer: nobody can tell then.
 */
export async function yieldToPromoted({ successors }: Successors, context: ActionContext): Promise<string | undefined> {
  const own = instanceOf(context);
  const connection = await context.redis(own);
  if (!isFenced(await connection.command([...FENCE_QUESTION]))) return undefined;
  context.forgetFailures();
  const { nodes } = await context.topology({ fresh: true });
  const self = nodes.find(({ id }) => id === own.id);
  if (self?.role !== "primary") return undefined;
  const meant = nodes.filter((node) => {
    const endpoint = parseEndpoint(addressOf(node));
    return successors.some(({ address, port }) => endpoint?.address === address && endpoint.port === port);
  });
  const promoted = meant.find(({ up, role }) => up && role === "primary");
  const endpoint = promoted && parseEndpoint(addressOf(promoted));
  if (endpoint) {
    await connection.command(["REPLICAOF", endpoint.address, String(endpoint.port)]);
    return promoted.id;
  }
  const silent = meant.find(({ id, up }) => !up && !self.attached.some(({ node_id }) => node_id === id));
  if (silent) throw fenceKept(own.id, silent.id);
  return undefined;
}

/** The same, as the host of the fenced server does it alone. */
export function yieldScript({ successors }: Successors): string {
  const meetings = successors.map(({ address, port }) => `meet ${quoteAll([address, String(port)])} "$@"`);
  return `fence=$(answer '${FENCE_QUESTION.join(" ")}' "$@") || exit 1
case $fence in *'"${FENCE}"'*) ;; *) exit 0 ;; esac
own=$(answer 'INFO replication' "$@") || exit 1
case $own in *role:master*) ;; *role:slave*) exit 0 ;; *) exit 1 ;; esac
unknown=
meet() {
  address=$1 port=$2
  shift 2
  case $own in *"ip=$address,port=$port,"*) return ;; esac
  theirs=$(answer 'INFO replication' "$@" -h "$address" -p "$port")
  case $theirs in
    *role:slave*) return ;;
    *role:master*) ;;
    *) unknown=$address:$port; return ;;
  esac
  said=$(answer "REPLICAOF $address $port" "$@")
  say "$address:$port was promoted, it is to be followed: $said"
  case $said in *OK*) exit 0 ;; *) exit 1 ;; esac
}
${meetings.join("\n")}
[ -z "$unknown" ] || { say "$unknown may have been promoted, and does not answer: the fence stays"; exit 1; }`;
}

function fenceKept(instance: string, silent: string): RedishaError {
  return new RedishaError({
    code: "FENCE_KEPT",
    message: `${instance} is kept from writes still: ${silent} may have been promoted in its place, and does not answer.`,
    host: instance,
    exit: EXIT.failedSafe,
    state: `${instance} refuses writes, so that there are never two primaries; its host looks again every second, for 10 minutes`,
    next: [
      `bring ${silent} back: what it is then decides`,
      `if it is gone for good, by hand on ${instance}: CONFIG SET ${FENCE_QUESTION[2]} 0`,
    ],
  });
}
