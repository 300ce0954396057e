import type { RedisReply } from "../../connect/types.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";

/** Fields that could hold a credential; they never leave this module. */
const CREDENTIAL = /auth|pass(?!ive)/i;

/** A reply of alternating names and values as a map, without credentials; empty where the reply has another shape. */
export function parsePairs(reply: RedisReply | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(pairsOf(reply)).filter(([name]) => !CREDENTIAL.test(name)));
}

/** A reply of several such lists: SENTINEL MASTERS, REPLICAS, SENTINELS. */
export function parseRecords(reply: RedisReply | undefined): Record<string, string>[] {
  return Array.isArray(reply) ? reply.map(parsePairs) : [];
}

/** Whether a directive holds a credential, and therefore is never asked for: requirepass, masterauth, tls-key-file-pass. */
export function isCredential(directive: string): boolean {
  return CREDENTIAL.test(directive);
}
