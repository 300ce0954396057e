import { z } from "zod";

/** What `steps.<id>.hosts` of a step is, as a later step takes it; null where it was left out. */
export const perTarget = z.record(z.string(), z.unknown()).nullish();

/** Outputs by target. Of a step that was left out, or failed on a target, there is nothing. */
export function outputsOf<T>(
  hosts: Readonly<Record<string, unknown>> | null | undefined,
  schema: z.ZodType<T>,
): Record<string, T> {
  const step = z.object({ outputs: schema });
  return Object.fromEntries(
    Object.entries(hosts ?? {}).flatMap(([target, facts]) => {
      const { data } = step.safeParse(facts);
      return data ? [[target, data.outputs]] : [];
    }),
  );
}
