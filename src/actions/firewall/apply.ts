import { posix } from "node:path";
import { z } from "zod";
import { quoteAll } from "../../connect/quote.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { KEEP } from "./restore.ts";

/** A command of ufw's, as firewall.plan writes it: words without anything that a shell would do something with. */
const COMMAND = /^ufw [\w.:/@%+=, '-]+$/;

/** Carries out ufw commands. What ufw has on the disk is kept on the host before, for firewall.restore. */
export const firewallApply = defineAction({
  name: "firewall.apply",
  summary: "Carries out ufw commands on each targeted host; the rules as they were are kept there",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    commands: z
      .array(z.string().regex(COMMAND, "a command of ufw"))
      .describe("steps.<id>.outputs.commands of firewall.plan"),
    notes: z.array(z.string()).default([]).describe("What an operator should read beside the commands, in the plan"),
  }),
  output: z.strictObject({ done: z.int().describe("How many") }),
  example: `- id: apply
  action: firewall.apply
  targets: { role: any, hosts: [r1] }
  with: { commands: [ufw allow proto tcp from 10.0.1.11 to any port 6379] }
  undo:
    action: firewall.restore
    with: { kept: "\${{ before.kept }}", active: "\${{ before.active }}" }
    armed: 60s`,
  // To ufw, a rule that is there is no mistake, nor is one that is to be deleted and is not there.
  repeatable: true,
  takesMs: ({ commands }) => 60_000 + commands.length * 2_000,
  commands: ({ commands, notes }) => [
    ...notes.map((text) => ({ transport: "controller" as const, text })),
    ...commands.map((text) => ({ transport: "exec" as const, text })),
  ],
  async before(_input, context) {
    const shell = await context.shell(hostOf(context));
    const asking = "PATH=$PATH:/usr/sbin:/sbin; LC_ALL=C ufw status";
    const { stdout } = await shell.script(asking, [], { become: true, signal: context.signal });
    return { kept: keptIn(context.life.id), active: stdout.startsWith("Status: active") };
  },
  async run({ commands }, context) {
    const shell = await context.shell(hostOf(context));
    if (commands.length === 0) return { outputs: { done: 0 }, changed: false };
    const options = { become: true, signal: context.signal };
    const kept = await shell.script(KEEP, [keptIn(context.life.id)], options);
    if (kept.code !== 0) throw failed(shell.host, "the rules cannot be kept", kept.stderr, "nothing was changed");
    const lines = commands.map((command) => `${command} || { echo 'failed: '${quoteAll([command])} >&2; exit 1; }`);
    const script = ["PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin", "export LC_ALL=C PATH", ...lines].join("\n");
    const { code, stderr } = await shell.script(script, [], options);
    if (code !== 0) throw failed(shell.host, "ufw refused", stderr, "some of the rules may stand");
    return { outputs: { done: commands.length }, changed: true };
  },
});

function keptIn(run: string): string {
  return posix.join("/var/lib/redisha/kept", run, "ufw");
}

function failed(host: string, what: string, stderr: string, state: string): RedishaError {
  const said = stderr.trim().split("\n").slice(-3).join(" / ");
  return new RedishaError({
    code: "FIREWALL_NOT_APPLIED",
    message: `${what} on ${host}: ${said}`,
    host,
    exit: EXIT.failedSafe,
    state: `${state}; what is armed puts them back`,
  });
}
