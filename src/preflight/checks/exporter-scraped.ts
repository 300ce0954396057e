import { z } from "zod";
import { fail, known, onServers, passIf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const exporterScraped = defineCheck({
  id: "exporter-scraped",
  title: "Somebody watches every node",
  why: "What nobody measures is noticed by its users first.",
  how: "The targets of the Prometheus in redisha.yaml (preflight.prometheus): one that names the address of the node, and is up.",
  mend: ["run redis_exporter beside the node and add it to scrape_configs", "say preflight.prometheus in redisha.yaml"],
  documentation: "https://github.com/oliver006/redis_exporter",
  reads: ["servers", "monitoring"],
  limits: z.strictObject({}),
  wanted: () => "a target of Prometheus that is up",
  judge: (facts) =>
    onServers(facts, "data", ({ instance }) => {
      const targets = known(facts.monitoring?.targets, whyNot(facts.monitoring));
      const { address, port, host } = instance;
      const names = [`${address}:${port}`, `${host.name}:${port}`];
      const beside = [address, host.address, host.name];
      const exact = targets.filter((target) =>
        tellsOf(target).some((text) => names.some((name) => text.includes(name))),
      );
      const near = targets.filter((target) => beside.includes(hostIn(target.labels.instance ?? "")));
      const found = exact.length > 0 ? exact : near;
      if (found.length === 0) return fail(`none of ${targets.length} targets is about it`);
      const up = found.find((target) => target.up);
      return passIf(up !== undefined, up ? (up.labels.instance ?? up.address) : `down: ${found[0]?.error ?? ""}`);
    }),
});

interface Target {
  readonly labels: Readonly<Record<string, string>>;
  readonly address: string;
}

/** An exporter for several servers is told which one by a parameter of its address. */
function tellsOf({ labels, address }: Target): string[] {
  return [...Object.values(labels), decoded(address)];
}

function decoded(address: string): string {
  try {
    return decodeURIComponent(address);
  } catch {
    return address;
  }
}

function hostIn(instance: string): string {
  return instance.replace(/^\w+:\/\//, "").replace(/:\d+$/, "");
}

function whyNot(monitoring: { readonly declared: boolean; readonly why: string | null } | undefined): string {
  if (!monitoring) return "Prometheus was not asked";
  return monitoring.why ?? "redisha.yaml names no Prometheus (preflight.prometheus)";
}
