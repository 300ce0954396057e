import { describe, expect, it } from "vitest";
import { isAbout, parseUfwRules, ufwWords } from "../../../src/firewall/ufw-rules.ts";

/** As ufw 0.36.2 writes them. */
const FILE = `*filter
:ufw-user-input - [0:0]
### RULES ###

### tuple ### allow tcp 6379 0.0.0.0/0 any 10.1.2.0/24 in comment=726564697368613a70726f64
-A ufw-user-input -p tcp --dport 6379 -s 10.1.2.0/24 -j ACCEPT
### tuple ### allow tcp 22 0.0.0.0/0 any 0.0.0.0/0 OpenSSH - in
### tuple ### limit any 22 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### deny any any 0.0.0.0/0 any 10.9.9.9 in
### tuple ### allow tcp 80,443 0.0.0.0/0 any 0.0.0.0/0 in_host0
### tuple ### route:allow any any 0.0.0.0/0 any 0.0.0.0/0 in_eth0!out_eth1
### tuple ### allow any 53 0.0.0.0/0 any 0.0.0.0/0 out
### tuple ### allow_log any 99 0.0.0.0/0 any 0.0.0.0/0 in
### tuple ### reject_log-all tcp 1000:2000 10.0.0.5 any fd00::1/64 in
### END RULES ###
`;

describe("rules of ufw", () => {
  const rules = parseUfwRules(FILE);

  it("are read from its files, without those for what goes out or through", () => {
    expect(rules.map((rule) => `${ufwWords(rule).join(" ")}${rule.narrowed ? " …" : ""}`)).toEqual([
      "allow proto tcp from 10.1.2.0/24 to any port 6379",
      "allow proto tcp from 0.0.0.0/0 to any port 22",
      "limit from 0.0.0.0/0 to any port 22",
      "deny from 10.9.9.9 to any",
      "allow proto tcp from 0.0.0.0/0 to any port 80,443 …",
      "allow from 0.0.0.0/0 to any port 99",
      "reject proto tcp from fd00::/64 to any port 1000:2000 …",
    ]);
  });

  it("tell whose they are", () => {
    expect(rules.map(({ comment }) => comment).filter(Boolean)).toEqual(["redisha:prod"]);
  });

  it("are about single ports, lists, ranges and all ports", () => {
    const about = (port: number) => rules.filter((rule) => isAbout(rule, port)).map(({ ports }) => ports);
    expect(about(22)).toEqual(["22", "22", "any"]);
    expect(about(443)).toEqual(["any", "80,443"]);
    expect(about(1500)).toEqual(["any", "1000:2000"]);
  });
});
