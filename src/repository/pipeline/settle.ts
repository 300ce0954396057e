/** What a stream fails with because another was destroyed. */
const CONSEQUENCES = ["ABORT_ERR", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"];

/**
 * Waits for every promise to settle and only then fails, with the first error that is not just the consequence of another.
 * Nothing is left pending, and no rejection unheard.
 */
export async function settled<T extends readonly Promise<unknown>[]>(
  ...promises: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
export async function settled(...promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  let failed: { error: unknown } | undefined;
  const results = await Promise.all(
    promises.map((promise) =>
      promise.catch((error: unknown) => {
        if (!failed || isConsequence(failed.error)) failed = { error };
      }),
    ),
  );
  if (failed) throw failed.error;
  return results;
}

function isConsequence(error: unknown): boolean {
  return error instanceof Error && "code" in error && CONSEQUENCES.includes(String(error.code));
}
