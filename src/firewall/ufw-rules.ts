import { type Network, parseNetwork } from "./network.ts";

/** A rule for packets that come in, as it stands in ufw's user.rules or user6.rules. */
export interface UfwRule {
  readonly action: "allow" | "deny" | "reject" | "limit";
  /** tcp, udp, any, … */
  readonly proto: string;
  /** `any`, `6379`, `80,443` or `1000:2000`. */
  readonly ports: string;
  readonly from: Network;
  /** It asks for more than protocol, port and source: an interface, an own address, a source port. */
  readonly narrowed: boolean;
  readonly comment: string;
}

/** In ufw's files, each rule has such a line above those of iptables: action, protocol, port, destination, source port, source. */
const TUPLE = /^### tuple ### (\S+) (\S+) (\S+) (\S+) (\S+) (\S+) (.*)$/;

/** The rules of one file for packets that come in, in order. Rules for what goes out or through are left out. */
export function parseUfwRules(file: string): UfwRule[] {
  return file.split("\n").flatMap((line) => {
    const [, verb = "", proto = "", ports = "", to = "", fromPorts = "", source = "", rest = ""] =
      TUPLE.exec(line) ?? [];
    const action = /^(allow|deny|reject|limit)(?:_log(?:-all)?)?$/.exec(verb)?.[1];
    const from = parseNetwork(source);
    // Names of applications may stand in between: `OpenSSH - in`.
    const direction = /(?:^| )(in|out)(_\S+)?(?= comment=|$)/.exec(rest);
    if (!isAction(action) || !from || direction?.[1] !== "in") return [];
    const anyOwn = parseNetwork(to)?.prefix === 0;
    const narrowed = !anyOwn || fromPorts !== "any" || direction[2] !== undefined;
    const hex = /comment=([0-9a-f]*)$/.exec(rest)?.[1] ?? "";
    return [{ action, proto, ports, from, narrowed, comment: Buffer.from(hex, "hex").toString() }];
  });
}

function isAction(word: string | undefined): word is UfwRule["action"] {
  return word === "allow" || word === "deny" || word === "reject" || word === "limit";
}

/** Whether the rule is about this port. */
export function isAbout(rule: UfwRule, port: number, proto: "tcp" | "udp" = "tcp"): boolean {
  const { ports } = rule;
  if (rule.proto !== proto && rule.proto !== "any") return false;
  return ports.split(",").some((part) => {
    const [low = "", high = low] = part.split(":");
    return part === "any" || (Number(low) <= port && port <= Number(high));
  });
}

/** The rule as it is typed behind `ufw`. */
export function ufwWords({ action, proto, ports, from }: Omit<UfwRule, "narrowed" | "comment">): string[] {
  return [
    action,
    ...(proto === "any" ? [] : ["proto", proto]),
    ...["from", from.text, "to", "any"],
    ...(ports === "any" ? [] : ["port", ports]),
  ];
}
