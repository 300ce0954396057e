import type { RedisReply } from "../../connect/types.ts";

/** Fields that could hold a credential; they never leave this module. */
const CREDENTIAL = /auth|pass(?!ive)/i;

/** `key:value` lines of INFO and CLUSTER INFO as one map; section headings are left out. */
export function parseInfo(text: string): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const line of text.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0 && !line.startsWith("#")) fields[line.slice(0, colon)] = line.slice(colon + 1).trimEnd();
  }
  return fields;
}

/** A reply of alternating names and values as a map, without credentials; empty where the reply has another shape. */
export function parsePairs(reply: RedisReply | undefined): Record<string, string> {
  const fields: Record<string, string> = {};
  if (!Array.isArray(reply)) return fields;
  for (let i = 0; i + 1 < reply.length; i += 2) {
    const name = String(reply[i]);
    if (!CREDENTIAL.test(name)) fields[name] = String(reply[i + 1] ?? "");
  }
  return fields;
}

/** A reply of several such lists: SENTINEL MASTERS, REPLICAS, SENTINELS. */
export function parseRecords(reply: RedisReply | undefined): Record<string, string>[] {
  return Array.isArray(reply) ? reply.map(parsePairs) : [];
}

/** Whether a directive holds a credential, and therefore is never asked for: requirepass, masterauth, tls-key-file-pass. */
export function isCredential(directive: string): boolean {
  return CREDENTIAL.test(directive);
}
