import { z } from "zod";
import { rollbackStandbys, saidOf } from "../../topology/rollback-standby.ts";
import { answering, fail, known, onDeployment, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const versionSkew = defineCheck({
  id: "version-skew",
  title: "One version everywhere",
  why: "A replica that is older than its primary may not read what it is sent. Different versions among nodes that may all become primary means different behaviour after each failover.",
  how: "INFO server of every data node and Sentinel; where redisha.yaml names a version, that one.",
  mend: ["bring the others to the same version, replicas first and the primary last"],
  documentation: "docs/guide/verdicts.md",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "the same version on all but a standby for the way back, and the one of redisha.yaml",
  judge: (facts) =>
    onDeployment(facts, () => {
      const standbys = rollbackStandbys(facts.topology);
      const versions = new Map<string, string[]>();
      for (const { info, instance } of [...answering(facts, "data"), ...answering(facts, "sentinel")]) {
        // What runs on the host of a standby was left on its release with it.
        if (standbys.some(({ node }) => node.host === instance.host.name)) continue;
        const version = known(info?.valkey_version ?? info?.redis_version, `INFO was refused by ${instance.id}`);
        versions.set(version, [...(versions.get(version) ?? []), instance.id]);
      }
      const [first] = versions.keys();
      const version = known(first, "no instance answers");
      const all = [...versions].map(([each, ids]) => `${each}: ${ids.join(", ")}`).join("; ");
      if (versions.size > 1) return fail(all);
      const declared = facts.deployment.engine.version?.replace(/^\d+:/, "").replace(/-.*$/, "");
      const fits = declared === undefined || version === declared || version.startsWith(`${declared}.`);
      if (!fits) return fail(`${version} on all, redisha.yaml says ${declared}`);
      if (standbys.length === 0) return pass(`${version} on all`);
      const said = `${version} on the others; ${standbys.map(saidOf).join("; ")}`;
      return standbys.every(({ unsound }) => unsound.length === 0) ? pass(said) : warn(said);
    }),
});
