import { z } from "zod";

/** What the lab commands answer with `--json`. */

const serviceSchema = z.enum(["redis", "sentinel", "sshd"]);

const processStatusSchema = z.strictObject({
  id: z.string().describe("host:port, as kill and restart take it"),
  host: z.string(),
  service: serviceSchema,
  address: z.string(),
  port: z.int(),
  state: z.enum(["running", "stopped", "dead"]).describe("stopped: by SIGSTOP; dead: there is no such process"),
  pid: z.int().nullable(),
  log: z.string().describe("Path of its log"),
});

const labStatus = {
  name: z.string(),
  folder: z.string().describe("Holds everything of the lab"),
  file: z.string().describe("Path of its redisha.yaml"),
  topology: z.enum(["replication", "sentinel", "cluster"]),
  engine: z.strictObject({ name: z.enum(["redis", "valkey"]), version: z.string() }),
  tls: z.boolean(),
  auth: z.enum(["none", "password", "acl"]),
  created_at: z.string(),
  processes: z.array(processStatusSchema),
};

const labStatusSchema = z.strictObject(labStatus);

export const labUpResultSchema = z.strictObject({
  ...labStatus,
  reused: z.boolean().describe("The lab was there already"),
  ready_ms: z.int().describe("Time until every link, view and Sentinel agreed"),
});

export const labPsResultSchema = z.strictObject({ labs: z.array(labStatusSchema) });

const labDownSchema = z.strictObject({ name: z.string(), folder: z.string(), processes_ended: z.int() });

export const labDownResultSchema = z.strictObject({ labs: z.array(labDownSchema) });

const signalResultSchema = z.strictObject({
  id: z.string(),
  service: serviceSchema,
  signal: z.string(),
  pid: z.int().nullable().describe("The process that got it; null where none was running"),
});

export const labKillResultSchema = z.strictObject({ processes: z.array(signalResultSchema) });

const restartResultSchema = z.strictObject({
  id: z.string(),
  service: serviceSchema,
  was_running: z.boolean().describe("False where it was dead and was only started"),
  pid: z.int().nullable(),
});

export const labRestartResultSchema = z.strictObject({ processes: z.array(restartResultSchema) });

export type ProcessStatus = z.infer<typeof processStatusSchema>;
export type LabStatus = z.infer<typeof labStatusSchema>;
export type LabUpResult = z.infer<typeof labUpResultSchema>;
export type LabPsResult = z.infer<typeof labPsResultSchema>;
export type LabDown = z.infer<typeof labDownSchema>;
export type LabDownResult = z.infer<typeof labDownResultSchema>;
export type SignalResult = z.infer<typeof signalResultSchema>;
export type LabKillResult = z.infer<typeof labKillResultSchema>;
export type RestartResult = z.infer<typeof restartResultSchema>;
export type LabRestartResult = z.infer<typeof labRestartResultSchema>;
