import { z } from "zod";
import { KINDS } from "../../render/kinds/catalog.ts";
import type { AnyKind } from "../../render/kinds/kind.ts";
import type { Theme } from "../output/theme.ts";

export const renderListSchema = z.strictObject({
  kinds: z.array(
    z.strictObject({
      kind: z.string(),
      title: z.string(),
      files: z.array(z.string()),
      options: z.array(
        z.strictObject({
          name: z.string(),
          description: z.string(),
          default: z.union([z.string(), z.number(), z.boolean()]).nullable().describe("null where it may be left out"),
        }),
      ),
      check: z.array(z.string()).describe("What to type to have the files checked"),
    }),
  ),
});
export type RenderList = z.infer<typeof renderListSchema>;

/** Of the JSON Schema of options what is shown of them. */
const propertiesSchema = z.object({
  properties: z
    .record(
      z.string(),
      z.object({
        description: z.string().default(""),
        default: z.union([z.string(), z.number(), z.boolean()]).nullable().default(null),
      }),
    )
    .default({}),
});

/** Every kind, or the one of that name, as plain data. */
export function listOfKinds(only: string | undefined): RenderList {
  const kinds = KINDS.filter(({ name }) => only === undefined || name === only);
  return {
    kinds: kinds.map(({ name, title, files, options, check }) => ({
      kind: name,
      title,
      files: [...files],
      options: optionsOf(options),
      check: [...check],
    })),
  };
}

function optionsOf(options: AnyKind["options"]): RenderList["kinds"][number]["options"] {
  const { properties } = propertiesSchema.parse(z.toJSONSchema(options, { io: "input", unrepresentable: "any" }));
  return Object.entries(properties).map(([name, property]) => ({ name, ...property }));
}

export function renderKindList({ kinds }: RenderList, theme: Theme): string {
  const one = ({ kind, title, files, options, check }: RenderList["kinds"][number]) => [
    `${theme.strong(kind)}  ${title}`,
    `  files  ${files.join(", ")}`,
    ...options.map(
      ({ name, description, default: fallback }) =>
        `  --set ${name}=…  ${description}${fallback === null ? "" : theme.dim(` Default: ${fallback}.`)}`,
    ),
    ...check.map((command) => theme.dim(`  check  ${command}`)),
  ];
  return kinds.flatMap((kind, at) => (at === 0 ? one(kind) : ["", ...one(kind)])).join("\n");
}
