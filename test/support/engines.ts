import { enginesRoot } from "../../src/lab/paths.ts";

/** The versions under test, side by side. */
export const ENGINES = ["redis-6.0", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1"] as const;
export type EngineUnderTest = (typeof ENGINES)[number];

/** Where the engines are unpacked, each with a `bin` of its own: $REDISHA_ENGINES, or the user's cache. */
export const ENGINE_ROOT = enginesRoot();
