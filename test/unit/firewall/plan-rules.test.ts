import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, type Network, overlap, parseNetwork } from "../../../src/firewall/network.ts";
import { type FirewallState, type Need, planRules } from "../../../src/firewall/plan-rules.ts";
import type { UfwRule } from "../../../src/firewall/ufw-rules.ts";

const OURS = "redisha:prod";

function network(text: string): Network {
  const found = parseNetwork(text);
  if (!found) throw new Error(text);
  return found;
}

/** Few addresses, so that rules and needs meet. */
const networks = fc
  .constantFrom("10.0.0.1", "10.0.0.2", "10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/0", "fd00::1", "fd00::/64", "::/0")
  .map(network);
const rules: fc.Arbitrary<UfwRule[]> = fc.uniqueArray(
  fc.record({
    action: fc.constantFrom("allow" as const, "deny" as const, "reject" as const, "limit" as const),
    proto: fc.constantFrom("tcp", "any", "udp"),
    ports: fc.constantFrom("22", "6379", "16379", "any", "80,443", "20:30", "6000:7000"),
    from: networks,
    narrowed: fc.boolean(),
    comment: fc.constantFrom("", OURS, "redisha:other", "mine"),
  }),
  // ufw has no two that match the same.
  { selector: keyOf, maxLength: 8 },
);
const states: fc.Arbitrary<FirewallState> = fc.record({
  active: fc.boolean(),
  policy: fc.constantFrom("accept" as const, "drop" as const, "reject" as const),
  rules,
});
const needs: fc.Arbitrary<Need[]> = fc
  .record({
    operators: fc.uniqueArray(networks, { minLength: 1, maxLength: 2, selector: ({ text }) => text }),
    peers: fc.uniqueArray(networks, { maxLength: 2, selector: ({ text }) => text }),
    others: fc.uniqueArray(networks, { maxLength: 2, selector: ({ text }) => text }),
  })
  .map(({ operators, peers, others }) => {
    const all: Need[] = [
      ...operators.map((from) => ({ from, port: 22, kind: "ssh" as const })),
      ...peers.flatMap((from) => [6379, 16379].map((port) => ({ from, port, kind: "deployment" as const }))),
      ...others.map((from) => ({ from, port: 6379, kind: "others" as const })),
    ];
    return [...new Map(all.toReversed().map((need) => [`${need.from.text} ${need.port}`, need])).values()].toReversed();
  });

describe("the plan of a firewall", () => {
  it("always lets the operator in by SSH, whatever rules there are, or has nothing done", () => {
    fc.assert(
      fc.property(states, needs, (state, wanted) => {
        const { problems, commands } = planRules(state, wanted, OURS);
        if (problems.length > 0) return;
        const after = ufw(state.rules, commands);
        for (const { from } of wanted.filter(({ kind }) => kind === "ssh")) expect(reaches(after, from, 22)).toBe(true);
      }),
      { numRuns: 5_000 },
    );
  });

  it("closes SSH at no moment on the way where it was open", () => {
    fc.assert(
      fc.property(states, needs, (state, wanted) => {
        const { commands } = planRules(state, wanted, OURS);
        const open = wanted.filter(({ kind, from }) => kind === "ssh" && reaches(state.rules, from, 22));
        for (let done = 0; done <= commands.length; done += 1) {
          const now = ufw(state.rules, commands.slice(0, done));
          for (const { from } of open) expect(reaches(now, from, 22)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("lets every other host of the deployment in, or has nothing done", () => {
    fc.assert(
      fc.property(states, needs, (state, wanted) => {
        const { problems, commands } = planRules(state, wanted, OURS);
        if (problems.length > 0) return;
        const after = ufw(state.rules, commands);
        for (const { from, port, kind } of wanted)
          if (kind === "deployment") expect(reaches(after, from, port)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("lets nobody else in where others have no rules", () => {
    fc.assert(
      fc.property(states, needs, fc.constantFrom("10.9.9.9", "192.0.2.1", "fd99::1"), (state, wanted, stranger) => {
        const own = { ...state, rules: state.rules.filter(({ comment, narrowed }) => comment === OURS && !narrowed) };
        const after = ufw(own.rules, planRules(own, wanted, OURS).commands);
        const from = network(stranger);
        for (const port of new Set(wanted.map((need) => need.port))) {
          if (port === 22 && state.policy === "accept") continue;
          const allowed = wanted.some((need) => need.port === port && covers(need.from, from));
          expect(passes(after, from, port, own.policy === "accept")).toBe(allowed);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("has nothing left to do the second time", () => {
    fc.assert(
      fc.property(states, needs, (state, wanted) => {
        const { commands, problems } = planRules(state, wanted, OURS);
        if (problems.length > 0) return;
        const after = ufw(state.rules, commands);
        expect(planRules({ ...state, rules: after }, wanted, OURS).commands).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  it("leaves the rules of others as they are, in their order", () => {
    fc.assert(
      fc.property(states, needs, (state, wanted) => {
        const others = (all: readonly UfwRule[]) => all.filter(({ comment, narrowed }) => comment !== OURS || narrowed);
        const after = ufw(state.rules, planRules(state, wanted, OURS).commands);
        expect(others(after)).toEqual(others(state.rules));
      }),
      { numRuns: 2_000 },
    );
  });

  it("takes away what a host that is gone was let in by", () => {
    const gone = rule({ ports: "6379", from: network("10.0.0.7"), comment: OURS });
    const { commands } = planRules({ active: true, policy: "drop", rules: [gone] }, [], OURS);
    expect(commands).toEqual([["delete", "allow", "proto", "tcp", "from", "10.0.0.7", "to", "any", "port", "6379"]]);
  });

  it("puts a newcomer before what closes the port to everybody", () => {
    const closed = ["0.0.0.0/0", "::/0"].map((from) =>
      rule({ ports: "6379", action: "deny", from: network(from), comment: OURS }),
    );
    const peer: Need = { from: network("10.0.0.1"), port: 6379, kind: "deployment" };
    const { commands, problems } = planRules({ active: true, policy: "accept", rules: closed }, [peer], OURS);
    expect(problems).toEqual([]);
    expect(commands.map((words) => words.join(" "))).toEqual([
      "delete deny proto tcp from 0.0.0.0/0 to any port 6379",
      "allow proto tcp from 10.0.0.1 to any port 6379 comment redisha:prod",
      "deny proto tcp from 0.0.0.0/0 to any port 6379 comment redisha:prod",
    ]);
  });

  it("moves its own rule for SSH before one of others that has come in front of it", () => {
    const own = rule({ from: network("10.0.0.1"), comment: OURS });
    const limit = rule({ action: "limit", proto: "any", comment: "" });
    const ssh: Need = { from: network("10.0.0.1"), port: 22, kind: "ssh" };
    const { commands } = planRules({ active: true, policy: "drop", rules: [limit, own] }, [ssh], OURS);
    expect(commands.map((words) => words.join(" "))).toEqual([
      "delete allow proto tcp from 10.0.0.1 to any port 22",
      "prepend allow proto tcp from 10.0.0.1 to any port 22 comment redisha:prod",
    ]);
  });

  it("says which rule of others lets more in, and which keeps a client out", () => {
    const client: Need = { from: network("10.0.0.0/24"), port: 6379, kind: "others" };
    const open = rule({ ports: "6000:7000", from: network("0.0.0.0/0"), comment: "" });
    const ban = rule({ ports: "any", proto: "any", action: "deny", from: network("10.0.0.9"), comment: "banned" });
    const { notes, problems } = planRules({ active: true, policy: "drop", rules: [ban, open] }, [client], OURS);
    expect(problems).toEqual([]);
    expect(notes.join("\n")).toContain("`ufw deny from 10.0.0.9 to any` (banned) stands before");
    expect(notes.join("\n")).toContain("lets 0.0.0.0/0 reach port 6379");
  });

  it("refuses where a rule of others cuts the deployment in two", () => {
    const peer: Need = { from: network("10.0.0.1"), port: 6379, kind: "deployment" };
    const ban = rule({ ports: "6379", action: "reject", from: network("10.0.0.0/8"), comment: "" });
    const { problems } = planRules({ active: true, policy: "drop", rules: [ban] }, [peer], OURS);
    expect(problems).toEqual([expect.stringContaining("stands before what lets 10.0.0.1 reach port 6379")]);
  });
});

function rule(given: Partial<UfwRule>): UfwRule {
  return {
    action: "allow",
    proto: "tcp",
    ports: "22",
    from: network("0.0.0.0/0"),
    narrowed: false,
    comment: "",
    ...given,
  };
}

/** What ufw makes of commands: a rule that matches the same takes the place of the one that is there. */
function ufw(start: readonly UfwRule[], commands: readonly (readonly string[])[]): UfwRule[] {
  let now = [...start];
  for (const words of commands) {
    const after = (word: string) => words[words.indexOf(word) + 1] ?? "";
    const has = (word: string) => words.includes(word);
    const action = words.find((word) => word === "allow" || word === "deny" || word === "reject" || word === "limit");
    const said = rule({
      action: action === "deny" || action === "reject" || action === "limit" ? action : "allow",
      proto: has("proto") ? after("proto") : "any",
      ports: has("port") ? after("port") : "any",
      from: network(after("from")),
      comment: has("comment") ? after("comment") : "",
    });
    const at = now.findIndex((other) => keyOf(other) === keyOf(said));
    if (words[0] === "delete")
      now = now.filter((other) => keyOf(other) !== keyOf(said) || other.action !== said.action);
    else if (at !== -1) now[at] = said;
    else if (words[0] === "prepend") now = [said, ...now];
    else now = [...now, said];
  }
  return now;
}

function keyOf({ proto, ports, from, narrowed }: UfwRule): string {
  return `${proto} ${ports} ${from.text} ${narrowed}`;
}

/** Whether all of a network reaches a port: every address of it, and whatever narrowed rules match. */
function reaches(all: readonly UfwRule[], from: Network, port: number): boolean {
  for (const each of all) {
    if (!matches(each, port) || !overlap(each.from, from)) continue;
    if (each.action !== "allow") return false;
    if (!each.narrowed && covers(each.from, from)) return true;
  }
  return false;
}

function passes(all: readonly UfwRule[], from: Network, port: number, otherwise: boolean): boolean {
  const first = all.find((each) => matches(each, port) && covers(each.from, from));
  return first ? first.action === "allow" : otherwise;
}

function matches({ proto, ports }: UfwRule, port: number): boolean {
  const ranges: Record<string, boolean> = { any: true, "20:30": port === 22, "6000:7000": port === 6379 };
  return proto !== "udp" && (ranges[ports] ?? ports.split(",").includes(String(port)));
}
