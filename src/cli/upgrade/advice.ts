import { z } from "zod";
import type { RunSummary } from "../../use-cases/run-runbook.ts";

const outputsSchema = z.object({
  from: z.array(z.string()),
  engine: z.string(),
  to: z.string(),
  moved: z.array(z.string()),
  way_back: z.string(),
  lost_going_back: z.array(z.string()),
  standby: z.string(),
});

/** What is left to do once every server runs the release: what redisha.yaml has to say, and what leads back. */
export function upgradeAdvice({ status, outputs }: RunSummary, directory: string | undefined): string[] {
  const read = outputsSchema.safeParse(outputs);
  if (status !== "done" || !read.success) return [];
  const { from, engine, to, moved, way_back, lost_going_back, standby } = read.data;
  const source = directory === undefined ? "source: apt" : `source: directory, directory: ${directory}`;
  return [
    `write into redisha.yaml: engine: { name: ${engine}, version: "${to}", ${source}${standby === "" ? "" : `, standby: "${standby}"`} }`,
    ...(directory === undefined ? leftBehind(from, engine) : []),
    ...(moved.length > 0 ? [`the way back: ${way_back}`] : []),
    ...(moved.length > 0 && lost_going_back.length > 0 ? [`  it would cost: ${lost_going_back.join("; ")}`] : []),
  ];
}

/** Packages of another project that ran before are still there, with their configuration; nothing starts them. */
function leftBehind(from: readonly string[], engine: string): string[] {
  const others = new Set(
    from.map((release) => release.split(" ")[0]?.toLowerCase() ?? "").filter((name) => name !== engine),
  );
  return [...others].map(
    (name) =>
      `packages of ${name} and /etc/${name} are still on every host, and nothing starts them; once all is well: apt-get purge ${name}-server ${name}-sentinel ${name}-tools`,
  );
}

/** The outputs as a person reads them; what stands in the advice is left out. */
export function shownUpgrade({ outputs }: RunSummary): RunSummary["outputs"] {
  const read = outputsSchema.safeParse(outputs);
  if (!read.success) return outputs;
  const { from, engine, to, moved } = read.data;
  return {
    from: from.join(", "),
    to: `${engine} ${to}`,
    moved: moved.length > 0 ? moved.join(", ") : "nobody had to be",
  };
}
