import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { type DrillSettings, KEY_PREFIX, keyOf } from "../../drill/settings.ts";
import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";

/** What the probes and watchers of a drill may have to send to a data instance. */
const NEEDED =
  "+rpush +expire +wait +llen +lrange +lindex +unlink +scan +info +config|get +readonly +cluster|nodes +cluster|slots";

/**
 * Tries, before anything starts, each command that a probe will send, on a key of its own that it removes again. A drill
 * that finds out about a missing permission in the middle of a fault would measure its own refusals.
 *
 * @throws {RedishaError} DRILL_NOT_PERMITTED, with the ACL rule that is missing; DRILL_NOT_WRITABLE for other refusals.
 */
export async function refuseUnpermitted(settings: DrillSettings, context: ActionContext): Promise<void> {
  const key = `${settings.prefix}check`;
  const primary = instanceBy(settings.old_primary, context);
  const waits = settings.probes.some(({ kind }) => kind === "wait_1");
  await tryAll(await context.redis(primary), primary, context, [
    ["RPUSH", key, "0"],
    ["EXPIRE", key, "60"],
    ...(waits ? [["WAIT", "0", "1"]] : []),
    ["LLEN", key],
    ["LRANGE", key, "0", "0"],
    ["LINDEX", key, "-1"],
    // Lists of an earlier drill of the same run would be taken for what the probes are about to write.
    ["UNLINK", key, ...settings.probes.map(({ name }) => keyOf(settings, name))],
    ["INFO", "replication"],
  ]);
  const topology = await context.topology();
  const replicas = topology.nodes.filter(({ id, read_only }) => settings.members.includes(id) && read_only === true);
  await Promise.all(replicas.map(({ id }) => refuseOnReplica(instanceBy(id, context), key, context)));
  const { masterName } = context.deployment;
  const sentinels = context.deployment.instances.filter(({ kind }) => kind === "sentinel");
  if (masterName === undefined) return;
  await Promise.all(
    sentinels.map(async (sentinel) => {
      const connection = await context.redis(sentinel).catch(() => undefined);
      if (connection)
        await tryAll(connection, sentinel, context, [["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]]);
    }),
  );
}

/**
 * A replica that is promoted is to take the same commands. Permissions are looked at before anything else, so that a write
 * that is permitted is refused for another reason here: READONLY, or MOVED in a cluster.
 */
async function refuseOnReplica(replica: Instance, key: string, context: ActionContext): Promise<void> {
  const commands = [
    ["RPUSH", key, "0"],
    ["EXPIRE", key, "60"],
    ["LLEN", key],
    ["LINDEX", key, "-1"],
    ["UNLINK", key],
  ];
  const connection = await context.redis(replica).catch(() => undefined);
  const answers = (await connection?.pipeline(commands, { signal: context.signal })) ?? [];
  for (const [index, answer] of answers.entries()) {
    if (answer instanceof RedishaError && answer.code === "REDIS_NOPERM") {
      throw refusal(answer, commands[index] ?? [], replica, context);
    }
  }
}

async function tryAll(
  connection: RedisConnection,
  instance: Instance,
  context: ActionContext,
  commands: readonly (readonly string[])[],
): Promise<void> {
  const answers = await connection.pipeline(commands, { signal: context.signal });
  for (const [index, answer] of answers.entries()) {
    if (answer instanceof Error) throw refusal(answer, commands[index] ?? [], instance, context);
  }
}

function refusal(error: Error, command: readonly string[], instance: Instance, context: ActionContext): Error {
  if (!(error instanceof RedishaError)) return error;
  const what = (command[0] === "SENTINEL" || command[0] === "INFO" ? command.slice(0, 2) : command.slice(0, 1)).join(
    " ",
  );
  const keys = /\bkeys?\b/i.test(error.message) ? ` for keys that begin with ${KEY_PREFIX}` : "";
  const state = "no probe was started; a key that was written expires within a minute";
  if (error.code !== "REDIS_NOPERM") {
    return new RedishaError({
      code: "DRILL_NOT_WRITABLE",
      message: `${instance.id} refuses ${what}, which the probes of a drill send: ${error.message}`,
      exit: error.exit,
      host: instance.id,
      state,
      next: [...error.next, "redisha status"],
    });
  }
  const { auth } = context.deployment;
  const user = (instance.kind === "sentinel" ? auth.sentinel : auth.data).username ?? "default";
  const rules =
    instance.kind === "sentinel"
      ? "+sentinel|get-master-addr-by-name +psubscribe allchannels"
      : `~${KEY_PREFIX}* ${NEEDED}`;
  return new RedishaError({
    code: "DRILL_NOT_PERMITTED",
    message: `The user ${user} may not send ${what} to ${instance.id}${keys}, and the probes of a drill have to.`,
    exit: EXIT.cannotConnect,
    host: instance.id,
    state,
    next: [`on every ${instance.kind} instance: ACL SETUSER ${user} ${rules}`, "and the same in its ACL file"],
    cause: error,
  });
}

function instanceBy(id: string, { deployment }: ActionContext): Instance {
  const found = deployment.instances.find((each) => each.id === id);
  if (found) return found;
  throw new RedishaError({
    code: "DRILL_PRIMARY_UNLISTED",
    message: `The primary ${id} is not listed in redisha.yaml, so that no probe knows how to reach it.`,
    exit: EXIT.usage,
    state: "nothing was started",
    next: ["add it to the hosts of the deployment in redisha.yaml", "redisha status"],
  });
}
