import { z } from "zod";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";

/** What has a replica connect to its primary anew. */
export const CONNECT_ANEW = ["CLIENT", "KILL", "TYPE", "master"];

/**
 * Ends the link of a replica to its primary, which it makes anew by itself and goes on where it was. What a replica tells
 * of itself (its address, its login) it tells when it connects, and then no more.
 */
export const replicationReconnect = defineAction({
  name: "replication.reconnect",
  summary: "Has each targeted replica connect to its primary anew, so that it tells the address it has now",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: `- id: announced
  action: replication.reconnect
  targets: { role: replica }
  rollout: { serial: 1 }
  verify: { that: host.link_up == true, within: 1m }
  undo: none`,
  commands: () => [{ transport: "redis", text: CONNECT_ANEW.join(" ") }],
  async run(_input, context) {
    const redis = await context.redis(instanceOf(context));
    await redis.command(CONNECT_ANEW, { signal: context.signal });
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});
