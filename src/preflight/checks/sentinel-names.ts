import { z } from "zod";
import { parseEndpoint } from "../../topology/parse/address.ts";
import { fail, onDeployment, pass, skip } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const sentinelNames = defineCheck({
  id: "sentinel-names",
  title: "Addresses or host names, and not both",
  why: "Where some are known by name and others by address, Sentinel takes one server for two after a failover, and clients that follow it are sent to what they cannot resolve.",
  how: "Every address that Sentinels have of the group, and what data nodes announce.",
  mend: [
    "announce addresses: replica-announce-ip and sentinel announce-ip, without resolve-hostnames and announce-hostnames",
  ],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "all addresses, or all names",
  judge: (facts) =>
    onDeployment(facts, () => {
      const { nodes, sentinels } = facts.topology;
      if (sentinels.length === 0) return skip("there are no Sentinels");
      const told = new Set([
        ...sentinels.flatMap((each) =>
          [
            each.primary_address ?? [],
            ...each.known_replicas.map(({ address }) => address),
            ...each.known_sentinels.map(({ address }) => address),
          ].flat(),
        ),
        ...nodes.flatMap(({ announced }) => announced ?? []),
      ]);
      const hosts = [...new Set([...told].map((each) => parseEndpoint(each)?.address ?? each))];
      const names = hosts.filter((host) => !isAddress(host));
      if (names.length === 0) return pass(`${hosts.length} addresses`);
      return names.length === hosts.length
        ? pass(`${hosts.length} names`)
        : fail(`names among addresses: ${names.join(", ")}`);
    }),
});

function isAddress(host: string): boolean {
  return host.includes(":") || /^\d+(\.\d+){3}$/.test(host);
}
