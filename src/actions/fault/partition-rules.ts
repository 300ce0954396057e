import { createHash } from "node:crypto";
import type { Deployment, Instance } from "../../inventory/model.ts";
import { BUS_OFFSET } from "../../inventory/placement.ts";
import { ownPort, reachedPort } from "../../inventory/ports.ts";

/** Whom a partition keeps out: the rest of the deployment, or everybody. */
export const SCOPES = ["peers", "all"] as const;
export type PartitionScope = (typeof SCOPES)[number];

/** What the script on the host is told, as words: name of table or chain, address where it is needed, ports, peers. */
export interface PartitionWords {
  readonly name: string;
  /** Set where several hosts of a lab share one machine: only packets of this address are meant. */
  readonly own: string;
  readonly ownPorts: readonly number[];
  readonly peerPorts: readonly number[];
  readonly peers: readonly string[];
}

/** Pure: what is cut off where a host of the deployment leaves it. Ports of SSH and of anything else are never in it. */
export function partitionOf({ instances, kind }: Pick<Deployment, "instances" | "kind">, victim: Instance) {
  const isHere = ({ host }: Instance) => host.name === victim.host.name;
  const withBus = (port: number) => (kind === "cluster" ? [port, port + BUS_OFFSET] : [port]);
  const here = instances.filter(isHere);
  const others = instances.filter((instance) => !isHere(instance));
  // What comes in is translated by then, what goes out not yet.
  const comeInAt = here.flatMap((each) => withBus(ownPort(each)));
  const goOutTo = others.flatMap((each) => withBus(ownPort(each)).map((port) => reachedPort(each, port)));
  const words: PartitionWords = {
    name: partitionName(victim),
    own: isLoopback(victim.address) ? victim.address : "",
    ownPorts: unique(comeInAt),
    peerPorts: unique(goOutTo),
    peers: unique(others.flatMap(({ address, host }) => [address, host.address])),
  };
  return words;
}

/** One name for each victim on a machine; iptables takes no more than 28 letters. */
export function partitionName({ address, port }: Pick<Instance, "address" | "port">): string {
  return `redisha_${createHash("sha256").update(`${address} ${port}`).digest("hex").slice(0, 12)}`;
}

export function wordsOf(tool: "nft" | "iptables", scope: PartitionScope, words: PartitionWords): string[] {
  const { name, own, ownPorts, peerPorts, peers } = words;
  return [tool, name, scope, own, ownPorts.join(","), peerPorts.join(","), ...peers];
}

function isLoopback(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** Says which of the two the host has, and may use: `tool nft`, `tool iptables`, or why neither. */
export const FIND_TOOL = `
if said=$(nft list tables 2>&1); then echo "tool nft"; exit 0; fi
if iptables -w -S >/dev/null 2>&1; then echo "tool iptables"; exit 0; fi
command -v nft >/dev/null || command -v iptables >/dev/null || said="there is neither nft nor iptables"
echo "none $(echo "$said" | tr '\\n' ' ')"
`;

/**
 * Cuts off; a partition of the same name is replaced at once. Arguments: 1 nft or iptables, 2 name, 3 scope, 4 own address
 * or nothing, 5 own ports, 6 ports of the peers, then the peers by name or address, which the host itself looks up.
 */
export const PARTITION = `
tool=$1 name=$2 scope=$3 own=$4 own_ports=$5 peer_ports=$6
shift 6
four= six=
for peer; do
  for address in $(getent ahosts "$peer" | cut -d ' ' -f 1 | sort -u); do
    case $address in
      *:*) six="$six\${six:+,}$address" ;;
      *) four="$four\${four:+,}$address" ;;
    esac
  done
done
[ -n "$four$six" ] || { echo "none of the other instances has an address here" >&2; exit 1; }
with_nft() {
  rules() {
    family=$1 peers=$2 from=$3 to=$4 in_port=$5 out_port=$6
    away= only=
    [ -n "$peers" ] && away="$family $from { $peers } "
    if [ -n "$own" ]; then
      case $own in *:*) [ "$family" = ip6 ] || return 0 ;; *) [ "$family" = ip ] || return 0 ;; esac
      only="$family $to $own "
    fi
    if [ "$scope" = all ]; then echo "$only tcp $in_port { $own_ports } drop"
    elif [ -n "$away" ]; then echo "$only $away tcp $in_port { $own_ports } drop"; fi
    if [ -n "$away" ]; then echo "$only $away tcp $out_port { $peer_ports } drop"; fi
  }
  chain() {
    echo "chain $1 {"
    echo "type filter hook $1 priority -150; policy accept;"
    rules ip "$four" "$2" "$3" "$4" "$5"
    rules ip6 "$six" "$2" "$3" "$4" "$5"
    echo "}"
  }
  {
    echo "table inet $name {}"
    echo "delete table inet $name"
    echo "table inet $name {"
    chain input saddr daddr dport sport
    chain output daddr saddr sport dport
    echo "}"
  } | nft -f -
}
with_iptables() {
  for family in 4 6; do
    if [ $family = 4 ]; then cmd=iptables peers=$four; else cmd=ip6tables peers=$six; fi
    case $own in *:*) [ $family = 6 ] || continue ;; ?*) [ $family = 4 ] || continue ;; esac
    [ $family = 4 ] || [ -n "$peers" ] || [ "$scope" = all ] || continue
    [ $family = 4 ] || command -v ip6tables >/dev/null || { [ -z "$peers" ] && continue; }
    for side in in out; do
      chain=$name.$side
      if [ $side = in ]; then hook=INPUT from=-s to=-d in_port=--dport out_port=--sport
      else hook=OUTPUT from=-d to=-s in_port=--sport out_port=--dport; fi
      $cmd -w -N "$chain" 2>/dev/null || $cmd -w -F "$chain" || return 1
      for port in $(echo "$own_ports" | tr , ' '); do
        if [ "$scope" = all ]; then $cmd -w -A "$chain" -p tcp \${own:+$to "$own"} $in_port "$port" -j DROP || return 1
        else for peer in $(echo "$peers" | tr , ' '); do
          $cmd -w -A "$chain" -p tcp \${own:+$to "$own"} $from "$peer" $in_port "$port" -j DROP || return 1
        done; fi
      done
      for port in $(echo "$peer_ports" | tr , ' '); do for peer in $(echo "$peers" | tr , ' '); do
        $cmd -w -A "$chain" -p tcp \${own:+$to "$own"} $from "$peer" $out_port "$port" -j DROP || return 1
      done; done
      $cmd -w -C $hook -j "$chain" 2>/dev/null || $cmd -w -I $hook 1 -j "$chain" || return 1
    done
  done
}
"with_$tool" || exit 1
echo done
`;

/** Takes a partition away; where there is none, nothing happens. Arguments: 1 name. */
export const HEAL = `
name=$1
left=0
if command -v nft >/dev/null && nft list table inet "$name" >/dev/null 2>&1; then
  nft delete table inet "$name" || left=1
fi
for cmd in iptables ip6tables; do
  command -v $cmd >/dev/null || continue
  for side in in:INPUT out:OUTPUT; do
    chain=$name.\${side%:*}
    $cmd -w -S "$chain" >/dev/null 2>&1 || continue
    while $cmd -w -D "\${side#*:}" -j "$chain" 2>/dev/null; do :; done
    $cmd -w -F "$chain" && $cmd -w -X "$chain" || left=1
  done
done
echo done
[ $left -eq 0 ]
`;

/** Says whether it stands. Arguments: 1 name. */
export const STANDS = `
if nft list table inet "$1" >/dev/null 2>&1 || iptables -w -S "$1.in" >/dev/null 2>&1 ||
  ip6tables -w -S "$1.in" >/dev/null 2>&1; then echo "stands yes"; else echo "stands no"; fi
`;
