import { z } from "zod";
import { defineAction } from "../define.ts";
import { type DeploymentRecord, recordOf, recordSchema } from "./record.ts";

const deviation = z.strictObject({
  instance: z.string(),
  what: z.string().describe("role, version, or a directive"),
  before: z.string(),
  after: z.string(),
});

/** Says what is different from an earlier record. What follows from a failover alone, such as roles, is told apart. */
export const topologyCompare = defineAction({
  name: "topology.compare",
  summary: "Says what is different now from an earlier topology.record: roles apart from versions and configuration",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    before: recordSchema.describe("Outputs of topology.record: instances"),
    apart_from: z
      .array(z.string())
      .default([])
      .describe("Directives that a step of this run has changed and puts back when the run ends"),
  }),
  output: z.strictObject({
    roles: z.array(deviation).describe("Who is primary now, and who follows whom: a failover changes that"),
    deviations: z.array(deviation).describe("What nothing should have changed"),
  }),
  example: `- id: deviations
  action: topology.compare
  with: { before: "\${{ steps.before.outputs.instances }}" }`,
  commands: () => [{ transport: "redis", text: "CONFIG GET *  # on every instance, held against the record" }],
  async run({ before, apart_from }, context) {
    const all = differences(before, await recordOf(context)).filter(({ what }) => !apart_from.includes(what));
    const isRole = ({ what }: { what: string }) => what === "role" || what === "replicaof" || what === "slaveof";
    return {
      outputs: { roles: all.filter(isRole), deviations: all.filter((each) => !isRole(each)) },
      changed: false,
    };
  },
});

/** Pure: every value that is another now, by instance and name. */
export function differences(before: DeploymentRecord, after: DeploymentRecord): z.output<typeof deviation>[] {
  const names = (record: Readonly<Record<string, unknown>> | undefined) => Object.keys(record ?? {});
  return [...new Set([...names(before), ...names(after)])].flatMap((instance) => {
    const [was, is] = [before[instance], after[instance]];
    return [...new Set([...names(was), ...names(is)])]
      .filter((what) => was?.[what] !== is?.[what])
      .map((what) => ({ instance, what, before: was?.[what] ?? "", after: is?.[what] ?? "" }));
  });
}
