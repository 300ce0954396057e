import { z } from "zod";
import type { Waiver } from "../../inventory/model.ts";
import { fail, onDeployment, pass, warn } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const waivers = defineCheck({
  id: "waivers",
  title: "No waiver has run out",
  why: "A waiver is a promise to mend something by a day. What nobody looks at again stays broken for good.",
  how: "preflight.waive of redisha.yaml, held against today (UTC).",
  mend: ["mend what it was for and take the waiver out of redisha.yaml, or agree on a new day"],
  documentation: "docs/guide/preflight.md#waivers",
  reads: [],
  limits: z.strictObject({
    days_before: z.int().min(0).default(7).describe("Days before its end from which on a waiver is warned of"),
  }),
  wanted: () => "every waiver with a day to come",
  judge: (facts, { days_before }) => {
    const { waivers = [] } = facts.deployment;
    const day = (ahead: number) => new Date(facts.nowMs + ahead * 86_400_000).toISOString().slice(0, 10);
    const list = (some: readonly Waiver[]) =>
      some
        .map(({ check, target, until }) => `${check}${target === undefined ? "" : ` on ${target}`}, until ${until}`)
        .join("; ");
    return onDeployment(facts, () => {
      const over = waivers.filter(({ until }) => until < day(0));
      if (over.length > 0) return fail(list(over));
      const soon = waivers.filter(({ until }) => until <= day(days_before));
      if (soon.length > 0) return warn(`ends soon: ${list(soon)}`);
      return pass(waivers.length === 0 ? "there are none" : `${waivers.length}, none of them over`);
    });
  },
});
