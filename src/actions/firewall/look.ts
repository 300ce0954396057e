import { RedishaError } from "../../core/errors.ts";
import { peersOf } from "../../firewall/needs.ts";
import { type Network, parseNetwork } from "../../firewall/network.ts";
import type { FirewallState } from "../../firewall/plan-rules.ts";
import { parseUfwRules } from "../../firewall/ufw-rules.ts";
import type { Host } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";

/** Programs of root's are not on everybody's PATH. Each part of the answer has a line `== NAME` above it. */
const LOOK = `
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
echo "== ufw"
command -v ufw
echo "== status"
ufw status 2>&1 | head -n 1
echo "== default"
cat /etc/default/ufw 2>/dev/null
echo "== rules4"
cat /etc/ufw/user.rules 2>/dev/null
echo "== rules6"
cat /etc/ufw/user6.rules 2>/dev/null
echo "== other"
systemctl is-active --quiet firewalld 2>/dev/null && echo firewalld
echo "== sshd"
sshd -T 2>/dev/null | sed -n 's/^port //p'
echo "== listening"
ss -H -ltunp 2>/dev/null
echo "== peers"
for name; do
  found=$(getent ahosts "$name" | cut -d ' ' -f 1 | sort -u)
  [ -n "$found" ] && echo "$found" || echo "unknown $name"
done
:
`;

/** What listens on a host, to others than itself. */
export interface Listener {
  readonly proto: "tcp" | "udp";
  readonly port: number;
  /** Name of its program; empty where that cannot be told. */
  readonly program: string;
}

/** The firewall of a host, and all that is decided by. */
export interface FirewallView extends FirewallState {
  readonly installed: boolean;
  readonly ipv6: boolean;
  /** Another manager of firewalls that runs there. */
  readonly other: string;
  readonly session?: { readonly from: Network; readonly port: number };
  readonly sshPorts: readonly number[];
  readonly listening: readonly Listener[];
  readonly peers: readonly Network[];
  /** Names of other hosts that are not known there. */
  readonly unknown: readonly string[];
}

/** Looks, as root; changes nothing. Fails with FIREWALL_UNREADABLE. */
export async function lookAtFirewall(host: Host, context: ActionContext): Promise<FirewallView> {
  const shell = await context.shell(host);
  const names = peersOf(context.deployment, host);
  const { code, stdout, stderr } = await shell.script(LOOK, names, { become: true, signal: context.signal });
  if (code !== 0) throw unreadable(host, stderr);
  // sudo does not pass it on.
  const session = await shell.script('printf %s "${SSH_CONNECTION-}"', [], { signal: context.signal });
  return readView(stdout, host.ssh === "local" ? "" : session.stdout);
}

/** Pure: what the script said, and SSH_CONNECTION. */
export function readView(said: string, connection: string): FirewallView {
  const parts = new Map(
    said.split(/^== /m).map((part) => {
      const [name = "", ...lines] = part.split("\n");
      return [name, lines.join("\n").trim()] as const;
    }),
  );
  const part = (name: string) => parts.get(name) ?? "";
  const setting = (name: string) => new RegExp(`^${name}="?(\\w+)"?`, "m").exec(part("default"))?.[1] ?? "";
  const [fromText = "", , , port = ""] = connection.split(" ");
  const from = parseNetwork(fromText);
  const peers = lines(part("peers"));
  return {
    installed: part("ufw") !== "",
    active: part("status") === "Status: active",
    ipv6: setting("IPV6") === "yes",
    policy: policyOf(setting("DEFAULT_INPUT_POLICY")),
    rules: [...parseUfwRules(part("rules4")), ...parseUfwRules(part("rules6"))],
    other: part("other"),
    sshPorts: lines(part("sshd")).map(Number),
    listening: lines(part("listening")).flatMap(listenerOf),
    peers: peers.flatMap((line) => parseNetwork(line) ?? []),
    unknown: peers.flatMap((line) => /^unknown (.*)/.exec(line)?.[1] ?? []),
    ...(from ? { session: { from, port: Number(port) } } : {}),
  };
}

/** A line of ss: protocol, state, queues, address, peer, programs. What only the host itself reaches is left out. */
function listenerOf(line: string): Listener[] {
  const [proto = "", , , , local = "", , programs = ""] = line.split(/\s+/);
  const at = local.lastIndexOf(":");
  const address = local.slice(0, at).replace(/[[\]]/g, "").replace(/%.*$/, "");
  if (address.startsWith("127.") || address === "::1" || (proto !== "tcp" && proto !== "udp")) return [];
  return [{ proto, port: Number(local.slice(at + 1)), program: /"([^"]+)"/.exec(programs)?.[1] ?? "" }];
}

function policyOf(word: string): FirewallState["policy"] {
  if (word === "ACCEPT") return "accept";
  return word === "REJECT" ? "reject" : "drop";
}

function lines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

function unreadable({ name }: Host, stderr: string): RedishaError {
  return new RedishaError({
    code: "FIREWALL_UNREADABLE",
    message: `The firewall of ${name} cannot be looked at: ${stderr.trim().split("\n").at(-1) || "no answer"}`,
    host: name,
    state: "nothing was changed",
    next: ["log in as root, or set `ssh: { become: sudo }`"],
  });
}
