import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

const processSchema = z.strictObject({
  id: z.string().describe("host:port"),
  host: z.string(),
  address: z.string(),
  port: z.int(),
  service: z.enum(["redis", "sentinel", "sshd"]),
  folder: z.string().describe("Absolute; holds its configuration, log and data"),
  follows: z.string().nullable().describe("The data node that it replicates at first, by id"),
  spare: z.literal(true).optional().describe("Runs empty, and nobody has introduced it to the cluster"),
});

/** What a lab was built as. Its file appears when the lab is complete, so that half a lab is never taken for one; holds no secret. */
const labSpecSchema = z.strictObject({
  version: z.literal(1),
  name: z.string(),
  folder: z.string(),
  created_at: z.string(),
  topology: z.enum(["replication", "sentinel", "cluster"]),
  engine: z.strictObject({
    name: z.enum(["redis", "valkey"]),
    version: z.string(),
    server: z.string().describe("Absolute path of redis-server or valkey-server"),
  }),
  tls: z.boolean(),
  auth: z.enum(["none", "password", "acl"]),
  ssh: z.boolean(),
  master_name: z.string(),
  quorum: z.int(),
  down_after_ms: z.int(),
  failover_timeout_ms: z.int(),
  config: z.record(z.string(), z.string()).describe("Directives that the operator asked for, on every data node"),
  hosts: z.array(z.strictObject({ name: z.string(), address: z.string(), zone: z.string() })),
  processes: z.array(processSchema),
});

export type LabSpec = z.infer<typeof labSpecSchema>;
export type LabProcess = z.infer<typeof processSchema>;
export type LabAuth = LabSpec["auth"];

const FILE = "lab.json";

export async function writeSpec(spec: LabSpec): Promise<void> {
  const file = join(spec.folder, FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(spec, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** The spec of the complete lab in `folder`; undefined where there is none. */
export async function readSpec(folder: string): Promise<LabSpec | undefined> {
  try {
    return labSpecSchema.parse(JSON.parse(await readFile(join(folder, FILE), "utf8")));
  } catch (error) {
    const nothingThere =
      error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");
    // A lab of another version of redisha: `down` needs no spec and removes it.
    if (nothingThere || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
    throw error;
  }
}

/** The file that takes a process's standard output and error. Who has it open as its standard error is of this lab. */
export function logOf(process: LabProcess): string {
  return join(process.folder, `${process.service}.log`);
}

/** The data nodes, in the order of their hosts. */
export function dataNodes(spec: LabSpec): LabProcess[] {
  return spec.processes.filter((process) => process.service === "redis");
}

/** The data nodes that make up the deployment: all but those that are kept to be added. */
export function memberNodes(spec: LabSpec): LabProcess[] {
  return dataNodes(spec).filter(({ spare }) => spare !== true);
}

export function sentinelNodes(spec: LabSpec): LabProcess[] {
  return spec.processes.filter((process) => process.service === "sentinel");
}
