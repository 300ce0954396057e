/**
 * Waits for every promise to settle and only then fails, with the error that came first: what follows it are streams that
 * were destroyed because of it. Nothing is left pending, and no rejection unheard.
 */
export async function settled<T extends readonly Promise<unknown>[]>(
  ...promises: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }>;
export async function settled(...promises: readonly Promise<unknown>[]): Promise<unknown[]> {
  let failed: { error: unknown } | undefined;
  const results = await Promise.all(
    promises.map((promise) =>
      promise.catch((error: unknown) => {
        failed ??= { error };
      }),
    ),
  );
  if (failed) throw failed.error;
  return results;
}
