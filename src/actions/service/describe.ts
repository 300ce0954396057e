import type { RedisConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import type { Deployment, Instance } from "../../inventory/model.ts";
import { field, intField, parseInfo } from "../../topology/parse/info.ts";
import { isRelease } from "../../upgrade/release.ts";
import { serverOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { LOOK_AT_PROCESS, readProcess, type Service } from "./descriptor.ts";
import { rootOn } from "./shell.ts";

/**
 * How the server of an instance is run: found by the pid that it tells, then by the control group of that process, since
 * several servers may run on a host and none of them needs to have the name that a package gives. INFO is all that is
 * asked of the server, which it answers while it loads. Fails with SERVICE_NOT_FOUND.
 */
export async function describeService(
  instance: Instance,
  context: Pick<ActionContext, "redis" | "shell" | "deployment" | "signal">,
): Promise<Service> {
  const [redis, shell] = await Promise.all([context.redis(instance), context.shell(instance.host)]);
  const info = await serverInfo(redis, context.signal);
  const pid = intField(info, "process_id");
  if (pid === null) throw notFound(instance, "it does not tell its process id");
  const { stdout } = await shell.script(LOOK_AT_PROCESS, [String(pid)], {
    become: rootOn(instance.host),
    signal: context.signal,
  });
  const process = readProcess(stdout);
  if (!process) throw notFound(instance, `its process ${pid} cannot be looked at on ${instance.host.name}`);
  const { openFiles, ...facts } = process;
  return {
    ...facts,
    pid,
    open_files: openFiles,
    program: programOf(context.deployment, instance, info),
    config_file: field(info, "config_file") ?? "",
    sentinel: instance.kind === "sentinel",
  };
}

async function serverInfo(redis: RedisConnection, signal: AbortSignal): Promise<Record<string, string>> {
  return parseInfo(String(await redis.command(["INFO", "server"], { signal })));
}

/**
 * Where redisha.yaml names the folder of the engine, its program is the one to start: it may set up what a bare one lacks. While
 * another release runs than redisha.yaml says, it is the one in the folder that this release was started from.
 */
function programOf({ engine }: Deployment, { kind }: Instance, info: Record<string, string>): string {
  const executable = field(info, "executable") ?? "";
  if (engine.directory === undefined) return executable;
  const name = executable.slice(executable.lastIndexOf("/") + 1) || `${engine.name}-server`;
  const server = kind === "sentinel" ? name.replace(/-sentinel$/, "-server") : name;
  const { name: is, version } = serverOf(info);
  const declared =
    engine.version === undefined ||
    isRelease({ engine: is, version }, { engine: engine.name, version: engine.version });
  const folder = declared ? engine.directory : executable.replace(/(\/usr)?\/bin\/[^/]*$/, "");
  return `${folder}/bin/${server}`;
}

function notFound({ id, host }: Instance, why: string): RedishaError {
  return new RedishaError({
    code: "SERVICE_NOT_FOUND",
    message: `How ${id} is run cannot be told: ${why}.`,
    host: id,
    state: "nothing was stopped",
    next: [
      `on ${host.name}: systemctl status`,
      "log in as a user who may look at its process, or set `ssh: { become: sudo }`",
    ],
  });
}
