import { z } from "zod";
import { fail, onDeployment, pass, skip, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const sentinelZones = defineCheck({
  id: "sentinel-zones",
  title: "No zone holds a majority of the Sentinels",
  why: "Where the zone that goes down takes the majority of Sentinels with it, the others see the outage and may not act.",
  how: "Hosts and zones of the Sentinels in redisha.yaml.",
  mend: ["put the Sentinels on hosts of at least three zones; say hosts.<name>.zone in redisha.yaml"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: [],
  limits: z.strictObject({}),
  wanted: () => "every host and every zone with fewer than half of the Sentinels",
  judge: (facts) =>
    onDeployment(facts, () => {
      const sentinels = facts.deployment.instances.filter(({ kind }) => kind === "sentinel");
      if (sentinels.length === 0) return skip("there are no Sentinels");
      const bearable = Math.ceil(sentinels.length / 2) - 1;
      const [host, onHost] = largest(sentinels.map(({ host }) => host.name));
      if (onHost > bearable) return fail(`${onHost} of ${sentinels.length} are on ${host}`);
      const zones = sentinels.map(({ host }) => host.zone);
      const unzoned = sentinels.filter(({ host }) => host.zone === undefined).map((each) => each.host.name);
      if (unzoned.length > 0) return warn(`redisha.yaml gives no zone for ${[...new Set(unzoned)].join(", ")}`);
      const [zone, inZone] = largest(zones.map(String));
      if (inZone > bearable) return fail(`${inZone} of ${sentinels.length} are in zone ${zone}`);
      return pass(`${sentinels.length} Sentinels in ${new Set(zones).size} zones`);
    }),
});

function largest(names: readonly string[]): [string, number] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0] ?? ["", 0];
}
