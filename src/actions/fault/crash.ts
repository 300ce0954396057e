import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { readDirectives } from "../redis/directives.ts";
import { drillMark } from "./drill-mark.ts";
import { homeSchema, refuseHomeless, serverHome } from "./server-home.ts";
import { answerOf, PROC } from "./server-process.ts";

/** Ends the server as a crash does. It comes back by what `fault.start` knows of it, so what that needs is captured first. */
export const faultCrash = defineAction({
  name: "fault.crash",
  summary: "Kills the server's process (SIGKILL), unless it would come back empty or not at all",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({}),
  output: z.strictObject({ server: homeSchema }),
  example: `- id: crash
  action: fault.crash
  targets: { role: primary }
  undo: { action: fault.start, with: { server: "\${{ before.server }}" }, armed: 30s }`,
  commands: () => [{ transport: "script", text: "kill -KILL ‹process_id of INFO, proven by its port›" }],
  async before(_input, context) {
    const server = await serverHome(context);
    refuseHomeless(server, instanceOf(context));
    await refuseForgetful(context);
    return { server };
  },
  async run(_input, context) {
    const instance = instanceOf(context);
    const server = await serverHome(context);
    await refuseForgetful(context);
    await refuseRestarted(server.unit, context);
    const shell = await context.shell(instance.host);
    const mark = drillMark(context, "fault", `SIGKILL to ${instance.id}`);
    await answerOf(shell, instance, KILL, [String(server.pid), String(server.start_time)], context.signal, mark);
    return { outputs: { server }, changed: true };
  },
  async probe(_input, context, before) {
    const found = homeSchema.safeParse(before.server);
    const instance = instanceOf(context);
    if (!found.success) return undefined;
    const args = [String(found.data.pid), String(found.data.start_time)];
    const lines = await answerOf(await context.shell(instance.host), instance, GONE, args, context.signal);
    return lines.get("gone") === "yes";
  },
});

/**
 * A primary without persistence comes back empty, and its replicas take that over: the whole data set is gone on every
 * node (measured). Fails with FAULT_WOULD_EMPTY.
 */
export async function refuseForgetful(context: ActionContext): Promise<void> {
  const instance = instanceOf(context);
  const { save, appendonly } = await readDirectives(await context.redis(instance), ["save", "appendonly"]);
  if (save !== "" || appendonly === "yes") return;
  throw new RedishaError({
    code: "FAULT_WOULD_EMPTY",
    message: `${instance.id} keeps nothing on disk (save "" and appendonly no): if it came back before another was promoted, it would empty its replicas.`,
    host: instance.id,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: [
      "a fault that loses no memory: --mode hang, --mode partition",
      `or let it persist: redis-cli CONFIG SET appendonly yes`,
    ],
  });
}

/** Under Restart=always a kill is a restart of a tenth of a second, and no failover. Fails with FAULT_RESTARTED_BY_SYSTEMD. */
async function refuseRestarted(unit: string | null, context: ActionContext): Promise<void> {
  if (unit === null) return;
  const { id, host } = instanceOf(context);
  const shell = await context.shell(host);
  const { stdout } = await shell.exec(["systemctl", "show", "-p", "Restart", "--value", unit], {
    signal: context.signal,
  });
  if (stdout.trim() === "no") return;
  throw new RedishaError({
    code: "FAULT_RESTARTED_BY_SYSTEMD",
    message: `systemd would start ${unit} again at once (Restart=${stdout.trim()}): that is a restart and no failover.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was done to it",
    next: ["put a step with fault.stay_down before this one"],
  });
}

const KILL = `${PROC}
[ "$(started "$1")" = "$2" ] || { echo "refused process $1 is another one by now"; exit 0; }
kill -KILL "$1" || exit 1
echo done
tries=0
while lives "$1" "$2" && [ $tries -lt 100 ]; do
  tries=$((tries + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
! lives "$1" "$2"
`;

const GONE = `${PROC}
if lives "$1" "$2"; then echo "gone no"; else echo "gone yes"; fi
`;
