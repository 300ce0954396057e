import { z } from "zod";
import { serviceSchema } from "../actions/service/descriptor.ts";
import { hostFactsSchema, instanceFactsSchema } from "./facts.ts";

/** What a survey came to: all that rendering and forming go by. */
export const situationSchema = z.strictObject({
  primary: z.string().nullable().describe("The instance that everything is set up around; null for a Cluster"),
  why: z.string().describe("How it was found"),
  instances: z.record(z.string(), instanceFactsSchema).describe("What is at each instance, by id"),
  hosts: z.record(z.string(), hostFactsSchema).describe("What each host has, by name"),
  engine: z.record(z.string(), z.string()).describe("Version of the server that each instance runs or will run, by id"),
  follows: z.record(z.string(), z.string().nullable()).describe("Whom each data instance is to follow, as host:port"),
  services: z.record(z.string(), serviceSchema).describe("How each instance is run, by id"),
  units: z.record(z.string(), z.string()).describe("The systemd unit of each instance"),
  version: z.string().nullable().describe("Version of the server that redisha.yaml asks for"),
  packages: z
    .record(z.string(), z.array(z.string()))
    .describe("By host: the packages that it needs, where one of them is missing; else none"),
  makes_user: z
    .record(z.string(), z.string().nullable())
    .describe("By host: the user that servers are to run as, where neither it nor a package of the engine is there"),
  down: z.array(z.string()).describe("Instances that do not run"),
  running: z.array(z.string()).describe("Instances that run"),
  moving: z
    .array(z.string())
    .describe("Replicas that follow the plain port of their primary, and are to follow the one for TLS"),
  disabled: z.array(z.string()).describe("Instances that do not start when their host boots"),
});
export type Situation = z.infer<typeof situationSchema>;
