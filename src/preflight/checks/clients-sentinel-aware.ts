import { z } from "zod";
import { answering, fail, known, onDeployment, pass, skip } from "../findings.ts";
import { defineCheck } from "../model.ts";

/** Names that programs give their connections which look after servers, and use none of their data. */
const WATCHING = /^(sentinel-|redisha|redis_exporter)/;
/** Of a connection that has asked nothing yet: a probe of the port or of its certificate. */
const SILENT = "NULL";

export const clientsSentinelAware = defineCheck({
  id: "clients-sentinel-aware",
  title: "Clients ask Sentinel where the primary is",
  why: "A client with the address of the primary written into it stays with the old one after a failover, and its writes fail until somebody comes.",
  how: "CLIENT LIST: addresses from which applications are connected to data nodes, and to no Sentinel. Some libraries ask only when they connect, so this is a hint and no proof.",
  mend: [
    "give clients the addresses of the Sentinels and the name of the group, with a library that follows +switch-master",
  ],
  documentation: "https://redis.io/docs/latest/develop/reference/sentinel-clients/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "a connection to a Sentinel from every address that applications come from",
  judge: (facts) =>
    onDeployment(facts, () => {
      const { deployment } = facts;
      if (deployment.kind !== "sentinel") return skip(`there are no Sentinels with topology: ${deployment.kind}`);
      const { users, auth } = deployment;
      const ours = [users?.replication, users?.sentinel, users?.exporter].flatMap((user) => user?.name ?? []);
      const staff = new Set([...ours, ...(auth.data.username === undefined ? [] : [auth.data.username])]);
      const applications = answering(facts, "data").flatMap(({ clients, instance }) =>
        known(clients, `CLIENT LIST was refused by ${instance.id}`).filter(
          ({ flags, name, user, command }) =>
            !/[MSO]/.test(flags) && !WATCHING.test(name) && !staff.has(user) && command !== SILENT,
        ),
      );
      const asking = new Set(
        answering(facts, "sentinel").flatMap(({ clients }) =>
          (clients ?? []).filter(({ name }) => !WATCHING.test(name)).map(({ address }) => address),
        ),
      );
      const others = new Map(
        applications.filter(({ address }) => !asking.has(address)).map(({ address, library }) => [address, library]),
      );
      if (applications.length === 0) return skip("no application is connected now");
      const addresses = new Set(applications.map(({ address }) => address));
      if (others.size === 0) return pass(`${applications.length} clients from ${addresses.size} addresses`);
      return fail(
        [...others].map(([address, library]) => `${address}${library === "" ? "" : ` (${library})`}`).join(", "),
      );
    }),
});
