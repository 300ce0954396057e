import { z } from "zod";
import { certificatesIn } from "../../certificates/read.ts";
import type { PeerCertificate } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { ownPort, reachedPort } from "../../inventory/ports.ts";
import { reachedThroughShell, redisTargetOf } from "../../inventory/redis-target.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { serviceStart } from "../service/start.ts";
import { serviceStop } from "../service/stop.ts";
import { livePlace, lookAtPem } from "./place.ts";

/** Has servers use the certificates that lie on their hosts now. */
export const tlsLoad = defineAction({
  name: "tls.load",
  summary:
    "Has each targeted instance use the certificates that lie on its host: a server by CONFIG SET, which cuts no connection; a Sentinel, which knows no such command, by a restart where they are newer than its process",
  scope: "instance",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({
    how: z.enum(["set", "restarted", "as it was"]),
    fingerprint: z.string().nullable().describe("SHA-256 of the certificate that it shows now"),
    not_after: z.string().nullable(),
  }),
  example: `- id: load
  action: tls.load
  targets: { role: data }
  with: {}
  undo: none`,
  commands: (_input, { instance }) =>
    instance?.kind === "sentinel"
      ? [{ transport: "exec", text: "restart it, where certificates are newer than its process" }]
      : [{ transport: "redis", text: "CONFIG SET tls-cert-file ‹the same file›" }],
  takesMs: () => 120_000,
  repeatable: true,
  async run(_input, context) {
    const { how, shown } = await load(instanceOf(context), context);
    const outputs = { how, fingerprint: shown?.fingerprint ?? null, not_after: shown?.notAfter ?? null };
    return { outputs, changed: how !== "as it was" };
  },
});

export type Loaded = "set" | "restarted" | "as it was";

/** Does so for one instance, and proves it by a connection made anew. Fails with TLS_NOT_LOADED. */
export async function load(
  instance: Instance,
  context: ActionContext,
): Promise<{ how: Loaded; shown: PeerCertificate | undefined }> {
  const place = await livePlace(instance, context);
  if (!place) return { how: "as it was", shown: undefined };
  const how =
    instance.kind === "data" ? await setAnew(instance, place.pair, context) : await restart(instance, place, context);
  const shown = await shownBy(instance, context);
  const [leaf] = certificatesIn(
    (await lookAtPem(await context.shell(instance.host), place.pair, context.signal))?.certificates ?? "",
  );
  if (shown && leaf && leaf.fingerprint256 !== shown.fingerprint) throw notLoaded(instance, place.pair);
  return { how, shown };
}

/**
 * A directive that names a file is carried out again though its value is the same, and with it everything of TLS is read
 * anew: Redis 6.0 to 8.0 and Valkey 8.1 and 9.1 do so, which an integration test holds them to.
 */
async function setAnew(instance: Instance, path: string, { redis, signal }: ActionContext): Promise<"set"> {
  const connection = await redis(instance);
  await connection.command(["CONFIG", "SET", "tls-cert-file", path], { signal });
  return "set";
}

/** `$1`… files. Seconds since the newest of them came to lie there, by the clock of the host. */
const AGE = `
now=$(date +%s); newest=0
for f in "$@"; do t=$(stat -L -c %Z -- "$f") || exit 1; [ "$t" -gt "$newest" ] && newest=$t; done
echo $((now - newest))`;

async function restart(
  instance: Instance,
  { pair, ca }: { pair: string; ca: string },
  context: ActionContext,
): Promise<"restarted" | "as it was"> {
  const shell = await context.shell(instance.host);
  const connection = await context.redis(instance);
  const { stdout } = await shell.script(AGE, [pair, ca], { become: true, signal: context.signal });
  const info = parseInfo(String(await connection.command(["INFO", "server"], { signal: context.signal })));
  // Both are whole seconds: one more restart than needed is better than one too few.
  if (Number(info.uptime_in_seconds ?? 0) < Number(stdout.trim() || Number.NaN) - 1) return "as it was";
  // It may be called for a whole host, which has no instance of its own.
  const own = { ...context, instance };
  const stop = z
    .object({ service: z.unknown() })
    .parse((await serviceStop.run(serviceStop.input.parse({}), own)).outputs);
  await serviceStart.run(serviceStart.input.parse({ service: stop.service ?? null }), own);
  return "restarted";
}

/** The certificate that a new connection gets to see. */
async function shownBy(instance: Instance, context: ActionContext): Promise<PeerCertificate | undefined> {
  const { connectRedis } = await import("../../connect/redis/connect-redis.ts");
  const { serverTls } = context.deployment;
  const target = redisTargetOf(instance, context.deployment);
  const above = ownPort(instance) + (serverTls?.portOffset ?? 0);
  const port = reachedThroughShell(instance.host, context.deployment) ? above : reachedPort(instance, above);
  const both = serverTls?.plainToo ? { port, tls: serverTls.client } : {};
  const options = reachedThroughShell(instance.host, context.deployment)
    ? ({ via: "ssh", through: await context.shell(instance.host), signal: context.signal } as const)
    : ({ via: "direct", signal: context.signal } as const);
  const connection = await connectRedis({ ...target, ...both }, options);
  connection.close();
  return connection.certificate;
}

function notLoaded({ id }: Instance, path: string): RedishaError {
  return new RedishaError({
    code: "TLS_NOT_LOADED",
    message: `${id} still shows another certificate than the one in ${path}: this version reads it only when it starts.`,
    host: id,
    state: "the new certificate lies there, the old one is in use; both are valid",
    next: [
      `restart ${id}, a primary after: redisha switchover`,
      "redisha runs resume last",
      "redisha runs rollback last",
    ],
  });
}
