import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { simulate } from "../../topology/simulate.ts";
import { defineAction } from "../define.ts";

/** Asks the model whether writes would go on without some of the deployment. Nothing is touched. */
export const topologySurvives = defineAction({
  name: "topology.survives",
  summary:
    "Fails unless writes would go on without these: quorum, majority, a replica to promote, min-replicas-to-write",
  scope: "controller",
  effect: "read",
  input: z.strictObject({
    without: z.array(z.string()).min(1).describe("Instances, or hosts with all that is on them"),
  }),
  output: z.strictObject({
    promotions: z.array(z.strictObject({ shard: z.string(), from: z.string(), to: z.string() })).readonly(),
  }),
  example: `- id: survives
  action: topology.survives
  with: { without: [r1] }`,
  commands: ({ without }) => [{ transport: "controller", text: `simulate the loss of ${without.join(", ")}` }],
  async run({ without }, context) {
    const { survives, reasons, promotions } = simulate(await context.topology(), without);
    if (survives) return { outputs: { promotions }, changed: false };
    throw new RedishaError({
      code: "WOULD_NOT_SURVIVE",
      message: `Without ${without.join(", ")} there would be no writes: ${reasons.join("; ")}.`,
      exit: EXIT.gateRefused,
      state: "nothing was touched",
      next: ["redisha status"],
    });
  },
});
