import { z } from "zod";
import { directivesOf, parseConf } from "../../conf/conf-file.ts";
import { oneName } from "../../conf/same-directive.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { onHostOf } from "../service/shell.ts";

/**
 * `$1` the file, `$2` names of directives, `$3` lines, `$4` what it follows or nothing. Takes the directives out of the file
 * and puts the lines in their place; a file that names nobody to follow gets that, too. Owner and mode stay.
 */
const PUT = `
set -e
part=$1.redisha-part
cp -p -- "$1" "$part"
awk -v names="$2" 'BEGIN { n = split(names, all, " "); for (i = 1; i <= n; i++) drop[all[i]] = 1 } !(tolower($1) in drop)' "$1" >"$part"
[ -z "$3" ] || printf '%s\\n' "$3" >>"$part"
[ -z "$4" ] || grep -qiE '^[[:space:]]*(replicaof|slaveof)[[:space:]]' "$part" || printf 'replicaof %s\\n' "$4" >>"$part"
sync -- "$part" 2>/dev/null || sync
mv -f -- "$part" "$1"`;

/**
 * Puts lines back into the file of a server that is stopped. A primary that becomes a replica writes its file anew, from its
 * memory, and with that takes out what somebody had written there for the next start.
 */
export const restartPut = defineAction({
  name: "restart.put",
  summary: "Has the stopped server's file say again what was pending in it, and whom the server follows",
  scope: "instance",
  effect: "change",
  input: z.strictObject({
    file: z.string(),
    lines: z.array(z.string()).describe("Outputs of restart.pending"),
    follows: z.string().nullable().describe("Host and port, for a file that names nobody; null for a Cluster"),
  }),
  output: z.strictObject({}),
  example: `- id: put
  action: restart.put
  targets: { role: replica }
  with:
    file: "\${{ steps.pending.hosts[host.id].outputs.file }}"
    lines: "\${{ steps.pending.hosts[host.id].outputs.lines }}"
    follows: "\${{ steps.pending.hosts[host.id].outputs.follows }}"
  undo: none`,
  commands: ({ file, lines, follows }) => [
    {
      transport: "script",
      text:
        [...lines, ...(follows === null ? [] : [`replicaof ${follows}, where it names nobody`])].join("; ") +
        ` > ${file}`,
    },
  ],
  async run({ file, lines, follows }, context) {
    const failure = { code: "RESTART_FILE_NOT_PUT", what: `${file} could not be written`, state: "it is stopped" };
    const args = [file, namesIn(lines).join(" "), lines.join("\n"), follows ?? ""];
    await onHostOf(instanceOf(context), context, PUT, args, failure);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

/** Under each name that a server may have written it. */
function namesIn(lines: readonly string[]): string[] {
  const names = directivesOf(parseConf(lines.join("\n"))).map(({ name }) => oneName(name));
  const all = names.flatMap((name) => [
    name,
    name.replace(/^replica-/, "slave-"),
    name.replace("-max-listpack-", "-max-ziplist-"),
  ]);
  return [...new Set(all)];
}
