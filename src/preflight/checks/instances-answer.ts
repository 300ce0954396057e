import { z } from "zod";
import { onServers, pass } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const instancesAnswer = defineCheck({
  id: "instances-answer",
  title: "Every instance answers",
  why: "Nothing else can be said of an instance that does not answer, and every one that is missing is one failure less to bear.",
  how: "A connection to each instance, with the login of redisha.yaml; then INFO.",
  mend: ["redisha status --wide"],
  documentation: "docs/guide/preflight.md#instances-answer",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "an answer",
  judge: (facts) => [
    ...onServers(facts, "data", ({ info }) => pass(`${info?.redis_version ?? "a server"}, up`)),
    ...onServers(facts, "sentinel", ({ info }) => pass(`${info?.redis_version ?? "a Sentinel"}, up`)),
  ],
});
