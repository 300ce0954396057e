import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** Copies ufw's own files to `$1`, in folders that only root may enter. Copies that are complete are the older ones, and stay. */
export const KEEP = `
set -e
umask 077
if [ ! -e "$1/complete" ]; then
  mkdir -p -- "$1"
  for file in user.rules user6.rules ufw.conf; do cp -p -- "/etc/ufw/$file" "$1/$file"; done
  sync
  : >"$1/complete"
fi
`;

/**
 * Puts back what is kept in `$1`, byte by byte, with `$2` saying whether ufw filtered then. Where nothing is kept, nothing was
 * changed. It is told to filter only once its files are those of before.
 */
const RESTORE = `
[ -e "$1/complete" ] || exit 0
LC_ALL=C
export LC_ALL
[ "$2" = yes ] || ufw disable || exit 1
for file in user.rules user6.rules ufw.conf; do
  cp -p -- "$1/$file" "/etc/ufw/.$file.redisha" && mv -f -- "/etc/ufw/.$file.redisha" "/etc/ufw/$file" || exit 1
done
sync
[ "$2" = yes ] || exit 0
case $(ufw status) in "Status: active"*) ufw reload ;; *) ufw --force enable ;; esac
`;

/** Takes back what firewall.apply did. */
export const firewallRestore = defineAction({
  name: "firewall.restore",
  summary: "Puts the rules of ufw back as firewall.apply found them, and has it filter, or not, as before",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    kept: z
      .string()
      .regex(/^\//, "an absolute path")
      .describe("The folder on the host that firewall.apply kept them in"),
    active: z.boolean().describe("Whether ufw filtered"),
  }),
  output: z.strictObject({}),
  example: `- id: put_back
  action: firewall.restore
  targets: { role: any, hosts: [r1] }
  with: { kept: /var/lib/redisha/kept/RUN/ufw, active: false }
  undo: none`,
  commands: ({ kept, active }) => [
    {
      transport: "script",
      text: `${active ? "" : "ufw disable; "}cp -p ${kept}/{user.rules,user6.rules,ufw.conf} /etc/ufw/${active ? "; ufw reload" : ""}`,
    },
  ],
  onHost: ({ kept, active }) => [
    { kind: "script", script: RESTORE, args: [kept, active ? "yes" : "no"], env: {}, become: true, okCodes: [0] },
  ],
  async run({ kept, active }, context) {
    const shell = await context.shell(hostOf(context));
    const options = { become: true, signal: context.signal };
    const { code, stderr } = await shell.script(
      `PATH=$PATH:/usr/sbin:/sbin\n${RESTORE}`,
      [kept, active ? "yes" : "no"],
      options,
    );
    if (code === 0) return { outputs: {}, changed: true };
    throw new RedishaError({
      code: "FIREWALL_NOT_RESTORED",
      message: `The rules of ${shell.host} could not be put back: ${stderr.trim().split("\n").at(-1)}`,
      host: shell.host,
      state: `what they were is kept in ${kept} on the host`,
      next: [`on ${shell.host}: ufw disable`],
    });
  },
});
