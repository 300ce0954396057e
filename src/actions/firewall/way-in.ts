import { z } from "zod";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** Proves that a host still lets redisha in: a connection that stands says nothing of those to come. */
export const firewallWayIn = defineAction({
  name: "firewall.way_in",
  summary: "Logs in to each targeted host by a new SSH connection, beside the one that stands",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({
    session: z.string().describe("SSH_CONNECTION of the new connection; empty on a host that needs none (ssh: local)"),
  }),
  example: `- id: way_in
  action: firewall.way_in
  targets: { role: any }
  with: {}
  disarm: apply`,
  commands: () => [{ transport: "exec", text: "log in by a new connection" }],
  async run(_input, context) {
    const host = hostOf(context);
    if (host.ssh === "local") return { outputs: { session: "" }, changed: false };
    const shell = await context.shellAnew(host).catch((cause: unknown) => {
      throw locked(host.name, cause);
    });
    try {
      const { stdout } = await shell.script('printf %s "${SSH_CONNECTION-}"', [], { signal: context.signal });
      return { outputs: { session: stdout }, changed: false };
    } finally {
      await shell.close();
    }
  },
});

function locked(host: string, cause: unknown): RedishaError {
  return new RedishaError({
    code: "FIREWALL_LOCKS_OUT",
    message: `${host} lets in no new SSH connection: ${messageOf(cause)}`,
    host,
    exit: EXIT.verificationFailed,
    state: "what was armed is put back",
    next: [`ssh ${host}`, "look at before.rules and after.rules of ufw, and at what other programs filter"],
    cause,
  });
}
