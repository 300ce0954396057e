import { z } from "zod";
import { comparisonSchema, differenceSchema } from "./comparison-schema.ts";

const differences = z.array(differenceSchema);

const certificatesSchema = z.object({
  host: z.string(),
  pair: z.array(z.string()),
  trust: z.array(z.string()),
  clients: z.array(z.string()),
});

const outputsSchema = z.object({
  primary: z.string().nullable(),
  why: z.string(),
  down: z.array(z.string()),
  disabled: z.array(z.string()),
  packages: z.record(z.string(), z.array(z.string())),
  instances: z.record(z.string(), z.object({ outputs: comparisonSchema })),
  certificates: z.record(z.string(), z.object({ outputs: certificatesSchema })),
  exporters: z.record(z.string(), z.object({ outputs: z.object({ differences }) })),
  systems: z.record(z.string(), z.object({ outputs: z.object({ differences, packages: z.array(z.string()) }) })),
  firewalls: z.record(
    z.string(),
    z.object({
      outputs: z.object({
        commands: z.array(z.string()),
        problems: z.array(z.string()),
        notes: z.array(z.string()),
        closes: z.array(z.string()),
      }),
    }),
  ),
});

const hostDriftSchema = z.strictObject({
  packages: z.array(z.string()).describe("Packages that are to be installed"),
  system: differences.describe("Kernel settings, limits, units and files of the system that are not as wanted"),
  firewall: z.array(z.string()).describe("Commands of ufw that are missing"),
  certificates: z.array(z.string()).describe("Why certificates are to be put there"),
  monitoring: differences.describe("What of redis_exporter, its package, units, files and state, is not as declared"),
  left: z.array(z.string()).describe("What lets more in than declared, or stands in the way, and is somebody else's"),
});

/** What of a deployment is not as declared. */
export const driftSchema = z.strictObject({
  primary: z.string().nullable().describe("The instance that everything stands around; null for a Cluster"),
  why: z.string().describe("How it was found"),
  down: z.array(z.string()).describe("Instances that do not run"),
  disabled: z.array(z.string()).describe("Instances that would not start when their host boots"),
  clients: z.array(z.string()).describe("Clients whose certificate, on this machine, is missing or about to end"),
  hosts: z
    .record(z.string(), hostDriftSchema)
    .describe("What differs, by host; those without a difference are left out"),
  instances: z
    .record(z.string(), comparisonSchema)
    .describe("What differs, by instance; those without a difference are left out"),
  to_do: z.boolean().describe("There is something that init would mend"),
  differs: z.boolean().describe("Something is not as declared, whether init mends it or leaves it alone"),
});
export type Drift = z.infer<typeof driftSchema>;
type HostDrift = z.infer<typeof hostDriftSchema>;

/** Reads the outputs of the runbook drift. */
export function driftOf(outputs: Readonly<Record<string, unknown>>): Drift {
  const { primary, why, down, disabled, packages, instances, systems, firewalls, certificates, exporters } =
    outputsSchema.parse(outputs);
  const hosts: Record<string, HostDrift> = {};
  const at = (host: string) => {
    hosts[host] ??= { packages: [], system: [], firewall: [], certificates: [], monitoring: [], left: [] };
    return hosts[host];
  };
  for (const [host, names] of Object.entries(packages)) at(host).packages.push(...names);
  for (const [host, { outputs: system }] of Object.entries(systems)) {
    at(host).packages.push(...system.packages);
    at(host).system.push(...system.differences);
  }
  for (const [host, { outputs: firewall }] of Object.entries(firewalls)) {
    const { firewall: missing, left, packages: awaited } = at(host);
    missing.push(...firewall.commands);
    left.push(...firewall.notes, ...firewall.closes);
    // Where ufw is about to be installed, that it is missing is told already.
    if (!awaited.includes("ufw")) left.push(...firewall.problems);
  }
  for (const { outputs: found } of Object.values(certificates)) {
    at(found.host).certificates.push(
      ...found.pair.map((each) => `certificate: ${each}`),
      ...found.trust.map((each) => `authorities: ${each}`),
    );
  }
  for (const [host, { outputs: exporter }] of Object.entries(exporters)) {
    if (exporter.differences.length > 0) at(host).monitoring.push(...exporter.differences);
  }
  const differing = entriesWhere(hosts, (each) => Object.values(each).some((list) => list.length > 0));
  const compared = entriesWhere(
    Object.fromEntries(Object.entries(instances).map(([id, { outputs: each }]) => [id, each])),
    (each) => each.differs || each.left.length > 0,
  );
  const clients = [...new Set(Object.values(certificates).flatMap(({ outputs: found }) => found.clients))];
  const asleep = disabled.filter((id) => !down.includes(id));
  const toDo =
    down.length + asleep.length + clients.length > 0 ||
    Object.values(compared).some((each) => each.differs) ||
    Object.values(differing).some(({ left: _, ...mended }) => Object.values(mended).some((list) => list.length > 0));
  const differs = toDo || Object.keys(compared).length + Object.keys(differing).length > 0;
  return { primary, why, down, disabled: asleep, clients, hosts: differing, instances: compared, to_do: toDo, differs };
}

function entriesWhere<T>(all: Readonly<Record<string, T>>, holds: (one: T) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([, each]) => holds(each)));
}
