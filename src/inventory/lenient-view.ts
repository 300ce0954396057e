import { z } from "zod";
import { hostSchema, redisSchema, sentinelSchema } from "./schema.ts";

/**
 * A deployment as far as it makes sense: what is missing or of the wrong kind is left out. The rules that look across
 * sections work on this, so that a typo in one key hides nothing that is wrong elsewhere: all problems show at once.
 */
export const lenientDeploymentSchema = z.object({
  topology: maybe(z.string()),
  hosts: z
    .record(
      z.string(),
      z
        .object({
          address: maybe(hostSchema.shape.address),
          redis_address: maybe(hostSchema.shape.address),
          listen: maybe(hostSchema.shape.address),
          redis_ports: maybe(hostSchema.shape.redis_ports),
        })
        .catch({}),
    )
    .catch({}),
  redis: section({
    ...placementShape(redisSchema.shape),
    config: maybe(z.record(z.string(), z.unknown())),
    initial_primary: maybe(z.string()),
    replica_priority: maybe(z.record(z.string(), z.unknown())),
  }),
  sentinel: section({ ...placementShape(sentinelSchema.shape), quorum: maybe(sentinelSchema.shape.quorum) }),
  cluster: section({ replicas_per_primary: maybe(z.int()) }),
  tls: section({ mode: maybe(z.string()), port_offset: maybe(z.int()) }),
  engine: section({ source: maybe(z.string()), standby: maybe(z.string()) }),
  monitoring: section({ exporter: section({ on: maybe(z.array(z.string())) }) }),
  auth: section({ sentinel: maybe(z.unknown()) }),
  preflight: section({
    waive: maybe(z.array(z.object({ check: maybe(z.string()), until: maybe(z.string()) }).catch({}))),
  }),
});

export type LenientDeployment = z.infer<typeof lenientDeploymentSchema>;

function maybe<T extends z.ZodType>(schema: T) {
  return schema.optional().catch(undefined);
}

function section<S extends z.ZodRawShape>(shape: S) {
  return z.object(shape).optional().catch(undefined);
}

function placementShape<T extends Pick<typeof redisSchema.shape, "on" | "port" | "ports">>(shape: T) {
  return { on: maybe(shape.on), port: maybe(shape.port), ports: maybe(shape.ports) };
}
