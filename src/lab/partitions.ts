import { execFile } from "node:child_process";
import { promisify } from "node:util";

/**
 * Takes away the packet filter rules that drills made for addresses of a lab's network (`127.77.0`). Whoever was to take
 * them away ends with the lab, and the next lab on these addresses would not come up. Where this user may not look at rules,
 * the lab could not make any either.
 */
export async function healPartitions(network: string): Promise<void> {
  await promisify(execFile)("sh", ["-c", HEAL, "sh", `${network}.`]);
}

/** `fault.partition` gives its tables, or pairs of chains, names of this form. Arguments: 1 begin of the addresses. */
const HEAL = `
PATH=$PATH:/usr/sbin:/sbin
name='redisha_[0-9a-f]*'
if command -v nft >/dev/null; then
  for table in $(nft list tables inet 2>/dev/null | sed -n "s/^table inet \\($name\\)$/\\1/p"); do
    if nft list table inet "$table" | grep -q -F " $1"; then nft delete table inet "$table"; fi
  done
fi
if command -v iptables >/dev/null; then
  for chain in $(iptables -w -S 2>/dev/null | grep -F " $1" | sed -n "s/^-A \\($name\\)\\.\\(in\\|out\\) .*/\\1.\\2/p" | sort -u); do
    case $chain in *.in) hook=INPUT ;; *) hook=OUTPUT ;; esac
    while iptables -w -D $hook -j "$chain" 2>/dev/null; do :; done
    iptables -w -F "$chain" && iptables -w -X "$chain"
  done
fi
exit 0
`;
