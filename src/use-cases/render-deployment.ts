import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { renderDeployment } from "../init/render-files.ts";
import type { Deployment } from "../inventory/model.ts";

export const renderedSchema = z.strictObject({
  out: z.string().describe("Folder that the files were written into, below it one for each host"),
  files: z.array(z.string()).describe("Paths below that folder"),
  unknown: z.array(z.string()).describe("What only hosts can tell, and is left open"),
});
export type Rendered = z.infer<typeof renderedSchema>;

/** Writes every file that init would put, below `out/HOST`. They hold passwords: only their owner may read them. */
export async function renderInto(deployment: Deployment, out: string): Promise<Rendered> {
  const { files, unknown } = await renderDeployment(deployment);
  const folder = resolve(out);
  const paths = files.map(({ host, path }) => join(host, path));
  try {
    for (const [at, { content }] of files.entries()) {
      const target = join(folder, paths[at] ?? "");
      await mkdir(dirname(target), { recursive: true, mode: 0o700 });
      await writeFile(target, content, { mode: 0o600 });
    }
  } catch (cause) {
    throw new RedishaError({
      code: "INIT_OUT_NOT_WRITTEN",
      message: `The files could not be written into ${folder}: ${cause instanceof Error ? cause.message : cause}`,
      exit: EXIT.usage,
      state: "some of them may be there; no host was touched",
      cause,
    });
  }
  return { out: folder, files: paths, unknown: [...unknown] };
}
