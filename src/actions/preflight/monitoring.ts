import { z } from "zod";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { monitoringFactsSchema } from "../../preflight/facts.ts";
import { defineAction } from "../define.ts";

const PATIENCE_MS = 5_000;

/** What the API of Prometheus answers, as far as it is looked at (v1: /targets and /rules). */
const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        labels: z.record(z.string(), z.string()),
        scrapeUrl: z.string().default(""),
        lastError: z.string().default(""),
        health: z.string(),
      }),
    ),
  }),
});
const rulesSchema = z.object({
  data: z.object({
    groups: z.array(
      z.object({ rules: z.array(z.object({ name: z.string(), query: z.string(), health: z.string().default("") })) }),
    ),
  }),
});

/** Asks Prometheus what it scrapes and what it alerts on. One that does not answer is a fact, and no failure. */
export const preflightMonitoring = defineAction({
  name: "preflight.monitoring",
  summary: "Asks the Prometheus of redisha.yaml (preflight.prometheus) what it scrapes and what it alerts on",
  scope: "controller",
  effect: "read",
  input: z.strictObject({}),
  output: monitoringFactsSchema,
  example: `- id: monitoring
  action: preflight.monitoring
  with: {}`,
  commands: (_input) => [
    { transport: "controller", text: "GET /api/v1/targets?state=active and /api/v1/rules?type=alert of Prometheus" },
  ],
  takesMs: () => 2 * PATIENCE_MS,
  async run(_input, { deployment, signal }) {
    const base = deployment.preflight?.prometheus?.replace(/\/+$/, "");
    const none = { targets: null, alerts: null };
    if (base === undefined) return { outputs: { declared: false, why: null, ...none }, changed: false };
    try {
      const [targets, rules] = await Promise.all([
        ask(`${base}/api/v1/targets?state=active`, targetsSchema, signal),
        ask(`${base}/api/v1/rules?type=alert`, rulesSchema, signal),
      ]);
      const outputs = {
        declared: true,
        why: null,
        targets: targets.data.activeTargets.map(({ labels, scrapeUrl, health, lastError }) => ({
          labels,
          address: scrapeUrl,
          up: health === "up",
          error: lastError,
        })),
        alerts: rules.data.groups.flatMap((group) => group.rules),
      };
      return { outputs, changed: false };
    } catch (error) {
      signal.throwIfAborted();
      return { outputs: { declared: true, why: messageOf(error), ...none }, changed: false };
    }
  },
});

async function ask<T>(url: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)]);
  const response = await fetch(url, { signal: limit }).catch((error: unknown) => {
    throw unanswered(
      url,
      error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error),
    );
  });
  if (!response.ok) throw unanswered(url, `status ${response.status}`);
  const parsed = schema.safeParse(await response.json().catch(() => undefined));
  if (!parsed.success) throw unanswered(url, "its answer is not that of Prometheus");
  return parsed.data;
}

function unanswered(url: string, why: string): RedishaError {
  return new RedishaError({
    code: "PROMETHEUS_UNANSWERED",
    message: `Prometheus does not answer at ${url}: ${why}`,
    exit: EXIT.cannotConnect,
    state: "nothing was changed",
  });
}
