import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { describeService } from "./describe.ts";
import { serviceSchema } from "./descriptor.ts";

/** How a server is run. */
export const serviceStatus = defineAction({
  name: "service.status",
  summary: "Tells how the server is run on its host: its systemd unit, or its process, user and configuration file",
  scope: "instance",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ running: z.boolean(), service: serviceSchema.nullable() }),
  example: `- id: how
  action: service.status
  targets: { role: data }
  with: {}`,
  commands: () => [
    { transport: "redis", text: "INFO server" },
    { transport: "script", text: "cat /proc/PID/cgroup" },
  ],
  async run(_input, context) {
    try {
      return {
        outputs: { running: true, service: await describeService(instanceOf(context), context) },
        changed: false,
      };
    } catch (error) {
      if (!(error instanceof RedishaError && error.code === "REDIS_REFUSED")) throw error;
      return { outputs: { running: false, service: null }, changed: false };
    }
  },
});
