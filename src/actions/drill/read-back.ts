import { z } from "zod";
import { drillOf } from "../../drill/drill-slot.ts";
import { PROBE_KINDS } from "../../drill/recording.ts";
import { defineAction } from "../define.ts";

const count = z.int();

/** Compares what was acknowledged with what is there. */
export const drillReadBack = defineAction({
  name: "drill.read_back",
  summary: "Looks for every write of the drill's probes on the primary, and counts the acknowledged ones that are gone",
  scope: "controller",
  effect: "read",
  measures: true,
  input: z.strictObject({
    when: z
      .enum(["promoted", "rejoined"])
      .describe("promoted: on the primary as it is now; rejoined: again, and only if the old primary follows it"),
  }),
  output: z.strictObject({
    node: z.string().describe("Where it was read"),
    acked: count,
    lost: count.describe("Acknowledged and not there"),
    unknown_found: count.describe("Without an answer, and there"),
    refused_found: count.describe("Refused, and there nevertheless: never to be seen"),
    by_probe: z.array(
      z.strictObject({
        probe: z.string(),
        kind: z.enum(PROBE_KINDS),
        acked: count,
        found: count,
        lost: count,
        unknown_found: count,
        refused_found: count,
      }),
    ),
  }),
  example: `- id: read_back
  action: drill.read_back
  with: { when: promoted }`,
  commands: ({ when }) => [
    { transport: "redis", text: `LRANGE redisha:drill:<run>:<probe> 0 -1  # ${when}, in pages` },
  ],
  takesMs: () => 300_000,
  async run({ when }, context) {
    const { node, by_probe } = await drillOf(context.life).readBack(when, context.signal);
    const rows = by_probe.map(({ probe, kind, acked, found, lost, unknown_found, refused_found }) => ({
      probe,
      kind,
      acked,
      found,
      lost: lost.length,
      unknown_found: unknown_found.length,
      refused_found: refused_found.length,
    }));
    const sum = (key: "acked" | "lost" | "unknown_found" | "refused_found") =>
      rows.reduce((total, row) => total + row[key], 0);
    const totals = {
      acked: sum("acked"),
      lost: sum("lost"),
      unknown_found: sum("unknown_found"),
      refused_found: sum("refused_found"),
    };
    return { outputs: { node, ...totals, by_probe: rows }, changed: false };
  },
});
