import { z } from "zod";
import { formatExactDuration, parseBytes, parseDuration } from "../../core/units.ts";

/** What settings of kinds are made of. Each is text that was typed, with a default unless it may be left out. */

export function port(fallback: number, what: string) {
  return z.coerce.number().int().min(1).max(65_535).default(fallback).describe(what);
}

/** `host:port`, as programs are told where another one is. */
export function endpoint(what: string) {
  return z
    .string()
    .regex(/^[^\s/]+:\d{1,5}$/, "expected an address with its port, such as 10.0.1.5:9121")
    .describe(what);
}

/** An absolute path on a host. */
export function path(fallback: string, what: string) {
  return z
    .string()
    .regex(/^\/\S+$/, "expected an absolute path")
    .default(fallback)
    .describe(what);
}

/** Milliseconds of `30s`, `5m`, `35d`. */
export function duration(fallback: string, what: string) {
  return z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) > 0, "expected a time with its unit, such as 30s or 5m")
    .default(fallback)
    .transform((text) => parseDuration(text) ?? 0)
    .describe(what);
}

/** Bytes of `64mb`, `1gb`. */
export function size(fallback: string, what: string) {
  return z
    .string()
    .refine((text) => (parseBytes(text) ?? 0) > 0, "expected a size such as 64mb or 1gb")
    .default(fallback)
    .transform((text) => parseBytes(text) ?? 0)
    .describe(what);
}

/** As Prometheus and Alertmanager write it. */
export const inUnits = formatExactDuration;
