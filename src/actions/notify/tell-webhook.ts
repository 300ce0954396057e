import { formatDuration } from "../../core/units.ts";
import type { NotifyPolicy } from "../../inventory/model.ts";
import type { News, Patience } from "./news.ts";

/**
 * Sends the news as JSON by POST. No redirect is followed: it would carry the secret header elsewhere. Fails where the answer is
 * not 2xx, or does not come in time. Errors do not show the address, which may be a secret itself.
 */
export async function tellWebhook(
  { url, header }: NonNullable<NotifyPolicy["webhook"]>,
  news: News,
  { timeoutMs, signal }: Patience,
): Promise<void> {
  const limit = AbortSignal.timeout(timeoutMs);
  const headers = { "content-type": "application/json", ...(header ? { [header.name]: await header.value() } : {}) };
  const response = await fetch(await url(), {
    method: "POST",
    headers,
    body: JSON.stringify(news),
    redirect: "error",
    signal: AbortSignal.any([limit, signal]),
  }).catch((error: unknown) => {
    throw new Error(limit.aborted ? `no answer within ${formatDuration(timeoutMs)}` : whyUnsent(error));
  });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`it answered ${response.status}`);
}

/** Why fetch failed stands in its cause; its own words are always the same. */
function whyUnsent(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  return code || "it could not be reached";
}
