import { z } from "zod";
import { fail, known, onProcesses, pass } from "../findings.ts";
import { defineCheck } from "../model.ts";

/** How many are named. */
const NAMED = 6;

export const configDrift = defineCheck({
  id: "config-drift",
  title: "Servers go by what their files say",
  why: "What was set with CONFIG SET alone is gone at the next start, which is in the middle of an outage as a rule.",
  how: "The file that INFO names, read on the host, held against CONFIG GET *. A directive that the file does not name is held against its default in that version.",
  mend: [
    "keep what is in memory: redis-cli CONFIG REWRITE",
    "go back to what is declared: redisha init --drift, then redisha init",
  ],
  documentation: "docs/guide/init.md",
  reads: ["servers", "processes"],
  limits: z.strictObject({}),
  wanted: () => "the same in the file and in memory",
  judge: (facts) =>
    onProcesses(facts, "data", ({ drift }) => {
      const found = known(drift, "it has no file, or its file could not be read");
      if (found.length === 0) return pass("the same in both");
      const named = found
        .slice(0, NAMED)
        .map(({ name, file, memory }) => `${name} ${memory ?? "?"} in memory, ${file ?? "nothing"} in the file`);
      return fail([...named, ...(found.length > NAMED ? [`${found.length - NAMED} more`] : [])].join("; "));
    }),
});
