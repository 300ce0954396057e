import { z } from "zod";
import { quoteAll } from "../../connect/quote.ts";
import { needsOf } from "../../firewall/needs.ts";
import { planRules, type RulePlan } from "../../firewall/plan-rules.ts";
import { isAbout } from "../../firewall/ufw-rules.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { type FirewallView, type Listener, lookAtFirewall } from "./look.ts";

/** Works out, for each host, the ufw commands that are missing. */
export const firewallPlan = defineAction({
  name: "firewall.plan",
  summary: "Compares the firewall of each targeted host with redisha.yaml, and gives the ufw commands that are missing",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    manager: z.enum(["ufw", "none"]).describe("By redisha.yaml; with none, nothing is to be done"),
    active: z.boolean().describe("ufw filters now"),
    changes: z.int().describe("How many commands are missing"),
    commands: z.array(z.string()).describe("In order, as they are typed"),
    problems: z.array(z.string()).describe("Why they must not be carried out"),
    notes: z.array(z.string()).describe("What an operator should know"),
    closes: z.array(z.string()).describe("What listens, and nobody will reach any more once ufw filters"),
    session: z.string().nullable().describe("Where this session comes from, as the host sees it"),
  }),
  example: `- id: look
  action: firewall.plan
  targets: { role: any }
  with: {}`,
  commands: () => [
    { transport: "script", text: "ufw status; cat /etc/ufw/user.rules /etc/ufw/user6.rules; ss -ltunp" },
  ],
  async run(_input, context) {
    const host = hostOf(context);
    const { name, firewall } = context.deployment;
    if (firewall?.manager !== "ufw") {
      context.progress(`left alone: redisha.yaml says ${firewall ? "`manager: none`" : "nothing of a firewall"}`);
      return { outputs: NOTHING, changed: false };
    }
    const view = await lookAtFirewall(host, context);
    const plan = planRules(view, needsOf(context.deployment, host, view), `redisha:${name}`);
    const enabling = view.active ? [] : [["--force", "enable"]];
    const commands = [...plan.commands, ...enabling].map((words) => quoteAll(["ufw", ...words]));
    const outputs = {
      manager: "ufw" as const,
      active: view.active,
      changes: commands.length,
      commands,
      problems: [...problemsOf(view, plan), ...plan.problems],
      notes: [...plan.notes],
      closes: view.active || view.policy === "accept" ? [] : closedBy(plan, view),
      session: view.session?.from.text ?? null,
    };
    for (const said of [...outputs.problems, ...outputs.notes, ...outputs.closes]) context.progress(said);
    return { outputs, changed: false };
  },
});

const NOTHING = {
  ...{ manager: "none" as const, active: false, changes: 0, session: null },
  ...{ commands: [], problems: [], notes: [], closes: [] },
};

function problemsOf({ installed, other, ipv6, unknown, session }: FirewallView, { rules }: RulePlan): string[] {
  if (!installed) return ["ufw is not installed: apt-get install ufw"];
  const needs6 =
    session?.from.family === 6 ||
    rules.some(({ from, comment }) => from.family === 6 && comment.startsWith("redisha:"));
  return [
    ...(other === ""
      ? []
      : [`${other} manages the firewall of this host: stop it, or set \`firewall: { manager: none }\``]),
    ...(ipv6 || !needs6
      ? []
      : ["ufw is not to filter IPv6 (IPV6=no in /etc/default/ufw) and would let nothing of it in"]),
    ...unknown.map((name) => `the name ${name} of another host is not known there: give its address in redisha.yaml`),
  ];
}

/** DHCP, mDNS and SSDP are let in by ufw's own rules. */
const OF_UFW = [68, 546, 5353, 1900];

function closedBy({ rules }: RulePlan, { listening }: FirewallView): string[] {
  const isLetIn = ({ proto, port }: Listener) =>
    rules.some((rule) => rule.action !== "deny" && isAbout(rule, port, proto));
  const closed = listening.filter((each) => !OF_UFW.includes(each.port) && !isLetIn(each));
  return [
    ...new Set(closed.map(({ proto, port, program }) => `closes ${proto} port ${port}${program && ` (${program})`}`)),
  ];
}
