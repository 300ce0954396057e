import { z } from "zod";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import type { Deployment } from "../inventory/model.ts";
import { KINDS } from "../render/kinds/catalog.ts";
import type { AnyKind, KindFile, Rendering } from "../render/kinds/kind.ts";
import { writeRendered } from "../render/write-rendered.ts";

export const renderSchema = z.strictObject({
  kind: z.string(),
  out: z.string().nullable().describe("Where the files were written; null where they were only printed"),
  files: z.array(
    z.strictObject({
      path: z.string().describe("Below `out`"),
      state: z.enum(["printed", "written", "unchanged"]),
      text: z.string(),
    }),
  ),
  notes: z.array(z.string()).describe("What is to be done with them, and what is left open"),
  check: z.array(z.string()).describe("What to type to have them checked by the program that they are for"),
});
export type RenderResult = z.infer<typeof renderSchema>;

interface RenderRequest {
  readonly kind: string;
  readonly deployment: Deployment;
  /** What `--set` says. */
  readonly options: Readonly<Record<string, string>>;
  /** One file of several. */
  readonly only: string | undefined;
  /** Folder, or the file itself where there is one. Undefined: nothing is written. */
  readonly out: string | undefined;
  /** Overwrite also what redisha did not write. */
  readonly force: boolean;
}

/**
 * Renders something around a deployment from its declaration; no connection is made. Fails with RENDER_KIND, RENDER_OPTION,
 * RENDER_UNDECLARED, RENDER_SEVERAL or RENDER_FILE (exit 2), or as `writeRendered` does.
 */
export async function renderKind({
  deployment,
  options,
  only,
  out,
  force,
  ...request
}: RenderRequest): Promise<RenderResult> {
  const kind = kindNamed(request.kind);
  const rendering = await kind.render(deployment, options);
  const files = chosen(kind, rendering, only);
  const about = { kind: kind.name, notes: [...rendering.notes], check: [...kind.check] };
  if (out === undefined) {
    if (files.length > 1) throw several(kind, files);
    return { ...about, out: null, files: files.map(({ path, text }) => ({ path, text, state: "printed" })) };
  }
  const written = await writeRendered(files, out, force);
  return { ...about, ...written };
}

function kindNamed(name: string): AnyKind {
  const found = KINDS.find((kind) => kind.name === name);
  if (found) return found;
  const names = KINDS.map((kind) => kind.name);
  const near = nearest(name, names);
  throw new RedishaError({
    code: "RENDER_KIND",
    message: `redisha does not render ${name}; it renders ${names.join(", ")}`,
    exit: EXIT.usage,
    state: "nothing was written",
    next: near === undefined ? ["redisha render --list"] : [`redisha render ${near}`],
  });
}

function chosen(kind: AnyKind, { files }: Rendering, only: string | undefined): readonly KindFile[] {
  if (only === undefined) return files;
  const found = files.find(({ path }) => path === only);
  if (found) return [found];
  throw new RedishaError({
    code: "RENDER_FILE",
    message: `There is no ${only} in ${kind.name}; there are ${files.map(({ path }) => path).join(", ")}`,
    exit: EXIT.usage,
    state: "nothing was written",
  });
}

function several(kind: AnyKind, files: readonly KindFile[]): RedishaError {
  return new RedishaError({
    code: "RENDER_SEVERAL",
    message: `${kind.name} is ${files.length} files: ${files.map(({ path }) => path).join(", ")}`,
    exit: EXIT.usage,
    state: "nothing was written",
    next: [`redisha render ${kind.name} --out ${kind.name}`, `redisha render ${kind.name} --only ${files[0]?.path}`],
  });
}
