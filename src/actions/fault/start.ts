import { z } from "zod";
import { ownPort } from "../../inventory/ports.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { drillMark } from "./drill-mark.ts";
import { type Address, addressOf, followSchema } from "./follow.ts";
import { homeSchema, type ServerHome } from "./server-home.ts";
import { answerOf, PROC } from "./server-process.ts";
import { DROP_IN } from "./stay-down.ts";

/**
 * Starts a server again: by its unit, else by the command that it had. A primary that comes back serves as one for ten
 * seconds until Sentinels demote it, and what it takes in that time is lost: so it is told whom to follow before it starts,
 * by a line at the end of its own configuration file, which the next CONFIG REWRITE puts in its place.
 */
export const faultStart = defineAction({
  name: "fault.start",
  summary: "Starts a server that is down again, as a replica of the one that was promoted meanwhile",
  scope: "instance",
  effect: "change",
  input: z.strictObject({ server: homeSchema, follow: followSchema }),
  output: z.strictObject({
    started: z.boolean().describe("False where it was running already"),
    told: z.boolean().describe("It was told to follow before it started"),
  }),
  example: `- id: start
  action: fault.start
  targets: { role: data, hosts: [r1] }
  with: { server: "\${{ steps.crash.outputs.server }}", follow: r2:6379 }
  undo: none`,
  commands: ({ server, follow }) => [
    ...(follow && server.config_file
      ? [{ transport: "script" as const, text: `append to ${server.config_file}: replicaof ‹${follow}›` }]
      : []),
    { transport: "script", text: server.unit ? `systemctl start ${server.unit}` : server.argv.join(" ") },
  ],
  onHost: ({ server }, { instance }) => [
    {
      kind: "script",
      script: START,
      args: wordsOf(server, instance ? ownPort(instance) : 0),
      env: {},
      become: true,
      okCodes: [0],
    },
  ],
  async run({ server, follow }, context) {
    const instance = instanceOf(context);
    const address = follow === null ? undefined : await addressOf(follow, context);
    const shell = await context.shell(instance.host);
    const mark = drillMark(context, "healed", `start of ${instance.id}`);
    const words = wordsOf(server, ownPort(instance), address);
    const lines = await answerOf(shell, instance, START, words, context.signal, mark);
    context.forgetFailures();
    return { outputs: { started: lines.has("started"), told: lines.has("told") }, changed: true };
  },
  probe: async () => false,
});

function wordsOf(server: ServerHome, port: number, follow?: Address): string[] {
  const { unit, config_file, user, cwd, stdout, stderr, argv } = server;
  const order = follow ? `replicaof ${follow.host} ${follow.port}` : "";
  return [String(port), unit ?? "", DROP_IN, config_file ?? "", order, user, cwd, stdout, stderr, ...argv];
}

/**
 * Arguments: 1 port, 2 unit, 3 drop-in, 4 configuration file, 5 line for it, 6 user, 7 working directory, 8 file for
 * standard output, 9 for standard error, then the command. Where it runs already, only the drop-in is taken away.
 */
const START = `${PROC}
port=$1 unit=$2 drop_in=$3 config=$4 order=$5 user=$6 cwd=$7 out=\${8:-/dev/null} err=\${9:-/dev/null}
shift 9
running() {
  if [ -n "$unit" ]; then systemctl is-active --quiet "$unit"; return; fi
  for dir in /proc/[0-9]*; do
    [ "$dir/cwd" -ef "$cwd" ] && listens "\${dir#/proc/}" "$port" && return 0
  done
  return 1
}
if [ -n "$unit" ] && [ -e "/run/systemd/system/$unit.d/$drop_in" ]; then
  rm -f "/run/systemd/system/$unit.d/$drop_in"
  rmdir "/run/systemd/system/$unit.d" 2>/dev/null
  systemctl daemon-reload || exit 1
fi
running && exit 0
if [ -n "$order" ] && [ -f "$config" ]; then
  [ "$(tail -n 1 "$config")" = "$order" ] || { [ -z "$(tail -c 1 "$config")" ] || echo >>"$config"; echo "$order" >>"$config"; } || exit 1
  echo told
fi
if [ -n "$unit" ]; then
  systemctl reset-failed "$unit" 2>/dev/null
  systemctl start "$unit" || exit 1
  echo started
  exit 0
fi
cd "$cwd" || exit 1
if [ "$user" != "$(id -un)" ]; then set -- runuser -u "$user" -- "$@"; fi
setsid "$@" </dev/null >>"$out" 2>>"$err" &
tries=0
while ! running && [ $tries -lt 200 ]; do
  tries=$((tries + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
running || exit 1
echo started
`;
