import { z } from "zod";
import { fail, known, onWays, pass, unknown, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const firewallOutside = defineCheck({
  id: "firewall-outside",
  title: "Only those who should reach the ports do",
  why: "A server that the internet reaches is found within hours. A rule that is missing between hosts shows when a failover needs it.",
  how: "Connections to every port, from each other host and from this machine, held against firewall.trusted and firewall.clients. What is let in is known by the traffic, and by no list of rules.",
  mend: ["redisha run init-firewall --dry-run", "run preflight from a machine that must not get through"],
  documentation: "docs/guide/firewall.md",
  reads: ["ways"],
  limits: z.strictObject({}),
  wanted: () => "open to the deployment, to trusted and to clients, and to nobody else",
  judge: (facts) =>
    onWays(facts, ({ firewall }) => {
      const { reached, missing, closed, exposed, unshown } = firewall;
      if (exposed.length > 0 && facts.deployment.firewall) return fail(`open: ${exposed.join(", ")}`);
      if (missing.length > 0) return fail(`closed: ${missing.join(", ")}`);
      known(facts.deployment.firewall, "redisha.yaml has no section firewall: who may come in is not known");
      if (closed.length > 0) return pass(`${reached.length} ways open, ${closed.length} closed, as they should be`);
      const outside = unshown.find((said) => said.includes("this machine") || said.includes("from outside"));
      if (reached.length === 0) return unknown(unshown[0] ?? "nothing could be tried");
      return warn(
        `${reached.length} ways open as they should be; not tried from outside${outside ? `: ${outside}` : ", since this machine may come in"}`,
      );
    }),
});
