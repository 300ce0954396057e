import { z } from "zod";
import { parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";

/** Makes a replica follow its primary at another port of the same server; it goes on where it was. */
export const initFollow = defineAction({
  name: "init.follow",
  summary: "Has each targeted replica follow its primary at this address, such as another port of the same server",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    address: z.string().regex(/:\d+$/, "host:port").describe("Of the primary, as host:port"),
  }),
  output: z.strictObject({}),
  example: `- id: follow
  action: init.follow
  targets: { role: replica }
  with: { address: "\${{ steps.survey.outputs.follows[host.id] }}" }
  undo: { action: init.follow, with: { address: "\${{ before.address }}" } }`,
  commands: ({ address }) => [{ transport: "redis", text: `REPLICAOF ${address.replace(/:(\d+)$/, " $1")}` }],
  before: async (_input, context) => ({ address: await followed(context) }),
  async run({ address }, context) {
    const colon = address.lastIndexOf(":");
    const redis = await context.redis(instanceOf(context));
    const argv = ["REPLICAOF", address.slice(0, colon), address.slice(colon + 1)];
    await redis.command(argv, { signal: context.signal });
    return { outputs: {}, changed: true };
  },
  probe: async ({ address }, context) => (await followed(context)) === address,
});

async function followed(context: ActionContext): Promise<string> {
  const redis = await context.redis(instanceOf(context));
  const info = parseInfo(String(await redis.command(["INFO", "replication"], { signal: context.signal })));
  return `${info.master_host}:${info.master_port}`;
}
