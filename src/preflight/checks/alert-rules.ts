import { z } from "zod";
import { fail, known, onDeployment, pass, warn } from "../findings.ts";
import { words } from "../limits.ts";
import { defineCheck } from "../model.ts";

export const alertRules = defineCheck({
  id: "alert-rules",
  title: "Somebody is told when it goes wrong",
  why: "A deployment that lost a replica serves as before. Unless somebody is told, the next failure is the outage.",
  how: "The alerting rules that the Prometheus in redisha.yaml has loaded: whether one asks for each of these metrics, and can be worked out.",
  mend: [
    "load alerting rules for the metrics that are named, with rule_files of Prometheus",
    "say preflight.prometheus in redisha.yaml",
  ],
  documentation: "https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules/",
  reads: ["monitoring"],
  limits: z.strictObject({
    about: words(
      ["redis_up", "redis_master_link_up", "redis_memory_used_bytes"],
      "Metrics that an alert has to ask for",
    ),
  }),
  wanted: ({ about }) => `alerts on ${about.join(", ")}`,
  judge: (facts, { about }) =>
    onDeployment(facts, () => {
      const { monitoring } = facts;
      const why = monitoring?.why ?? "redisha.yaml names no Prometheus (preflight.prometheus)";
      const alerts = known(monitoring?.alerts, monitoring ? why : "Prometheus was not asked");
      const missing = about.filter((metric) => !alerts.some(({ query }) => new RegExp(`\\b${metric}\\b`).test(query)));
      if (missing.length > 0) return fail(`${alerts.length} alerts, none on ${missing.join(", ")}`);
      const broken = alerts.filter(({ health }) => health === "err").map(({ name }) => name);
      return broken.length > 0 ? warn(`cannot be worked out: ${broken.join(", ")}`) : pass(`${alerts.length} alerts`);
    }),
});
