import { existsSync } from "node:fs";
import { enginesRoot } from "../../src/lab/paths.ts";

/** The versions under test, side by side. */
export const ENGINES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"] as const;
export type EngineUnderTest = (typeof ENGINES)[number];

const SHARED = "/var/cache/redisha-engines";

/** Where the engines are unpacked, each with a `bin` of its own: $REDISHA_ENGINES, a cache of the machine, or the user's. */
export const ENGINE_ROOT = process.env.REDISHA_ENGINES ?? (existsSync(SHARED) ? SHARED : enginesRoot());
