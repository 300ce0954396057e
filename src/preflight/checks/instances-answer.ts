import { z } from "zod";
import { fail, pass, unknown } from "../findings.ts";
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
  judge: ({ deployment, servers }) =>
    deployment.instances
      // Data nodes before Sentinels.
      .toSorted((one, other) => one.kind.localeCompare(other.kind))
      .map(({ id, kind }) => {
        const server = servers[id];
        if (!server) return { subject: id, ...unknown("it was not looked at") };
        if (!server.reached) return { subject: id, ...fail(`no answer: ${server.why ?? "no reason given"}`) };
        const release = server.info?.redis_version ?? (kind === "data" ? "a server" : "a Sentinel");
        return { subject: id, ...pass(`${release}, up`) };
      }),
});
