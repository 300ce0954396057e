import { z } from "zod";

/** What is at one declared instance before anything is touched. */
export const instanceFactsSchema = z.strictObject({
  id: z.string(),
  kind: z.enum(["data", "sentinel"]),
  state: z
    .enum(["absent", "stopped", "running", "locked_out", "elsewhere"])
    .describe(
      "absent: no file of it; stopped: files, no process; locked_out: it answers, but not to redisha; elsewhere: its unit runs and does not answer at the address",
    ),
  said: z.string().nullable().describe("Why it could not be asked"),
  role: z.enum(["primary", "replica", "unknown"]),
  follows: z.string().nullable().describe("Whom it follows, as host:port; by its file where it does not run"),
  attached: z.array(z.string()).describe("Replicas attached to it, as host:port"),
  keys: z.int().nullable(),
  has_data: z.boolean().describe("Data files lie where it keeps them"),
  names: z
    .string()
    .nullable()
    .describe("Of a Sentinel: the primary it names, as host:port; by its file where it does not run"),
  watches: z.array(z.string()).describe("Of a Sentinel: the groups it watches"),
  cluster: z
    .strictObject({
      node_id: z.string(),
      known_nodes: z.int(),
      slots: z.int(),
      primary: z.string().nullable().describe("Node id of whom it follows"),
    })
    .nullable(),
  of: z.string().nullable().describe("Deployment that its file was rendered for"),
  in_cluster_mode: z.boolean().nullable(),
  boots: z.boolean().describe("systemd starts it when its host boots"),
  drop_ins: z.array(z.string()).describe("Files beside its unit that redisha did not put there"),
});
export type InstanceFacts = z.infer<typeof instanceFactsSchema>;

export const hostFactsSchema = z.strictObject({
  memory: z.int().describe("Bytes"),
  installed: z
    .record(z.string(), z.string())
    .describe(
      "Versions of the packages of the engine, as dpkg has them; of its programs, where they lie in a directory",
    ),
});
