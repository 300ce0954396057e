import { createHash } from "node:crypto";
import type { RedisReply } from "../../connect/types.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import type { Session } from "../session.ts";

/** Names of directives whose values are not to be looked at. */
const SECRET = /pass|auth|user|acl/;

/**
 * What a run could have changed on real data nodes: roles, directives, and every key of each primary by a digest. Meant
 * for labs: it reads the whole data set.
 */
export async function realSnapshot({ live, deployment }: Session): Promise<unknown> {
  const topology = await live.topology(new AbortController().signal, { fresh: true });
  const nodes = topology.nodes.map(async ({ id, up, role, primary_id }) => {
    const instance = deployment.instances.find((each) => each.id === id);
    if (!instance || !up) return { id, up };
    const connection = await live.connections.redis(instance);
    const ask = (...argv: string[]) => connection.command(argv);
    const keys = role === "primary" ? await keysOf(ask) : {};
    return { id, up, role, primary_id, config: directives(await ask("CONFIG", "GET", "*")), keys };
  });
  return Promise.all(nodes);
}

function directives(reply: RedisReply): Record<string, string> {
  return Object.fromEntries(Object.entries(pairsOf(reply)).filter(([name]) => !SECRET.test(name)));
}

async function keysOf(ask: (...argv: string[]) => Promise<RedisReply>): Promise<Record<string, string>> {
  const keys: Record<string, string> = {};
  let cursor = "0";
  do {
    const reply = await ask("SCAN", cursor, "COUNT", "1000");
    const [next, names] = Array.isArray(reply) ? reply : ["0", []];
    for (const name of Array.isArray(names) ? names.map(String) : []) {
      const dump = await ask("DUMP", name);
      if (dump !== null) keys[name] = createHash("sha256").update(String(dump)).digest("hex");
    }
    cursor = String(next);
  } while (cursor !== "0");
  return keys;
}
