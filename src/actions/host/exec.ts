import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

const execOutput = z.strictObject({
  code: z.int().describe("Exit status"),
  stdout: z.string(),
  stderr: z.string(),
});

/** Runs a program on each targeted machine, without a shell in between. */
export const hostExec = defineAction({
  name: "ssh.exec",
  summary: "Runs a program on each targeted host; no shell sees the arguments",
  scope: "host",
  effect: "change",
  secretsIn: ["env"],
  input: z.strictObject({
    argv: z.array(z.string()).min(1).describe("Program and arguments, one list entry each"),
    env: z.record(z.string(), z.string()).default({}).describe("Environment of the process"),
    become: z.boolean().default(false).describe("Run through sudo"),
    ok_codes: z.array(z.int()).default([0]).describe("Exit statuses that count as success"),
  }),
  output: execOutput,
  example: `- id: rotate
  action: ssh.exec
  targets: { role: data }
  with: { argv: [logrotate, -f, /etc/logrotate.d/redis-server], become: true }
  undo: none`,
  commands: ({ argv, become }) => [{ transport: "exec", text: `${become ? "sudo " : ""}${argv.map(quote).join(" ")}` }],
  onHost: ({ argv, env, become, ok_codes }) => [{ kind: "exec", argv, env, become, okCodes: ok_codes }],
  async run({ argv, env, become, ok_codes }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    const result = await shell.exec(argv, { env, become, signal: context.signal });
    return finished(host.name, argv[0] ?? "", result, ok_codes);
  },
});

/** Runs a POSIX shell script on each targeted machine; values reach it as arguments or environment, never as text of the script. */
export const hostScript = defineAction({
  name: "ssh.script",
  summary: "Runs a POSIX shell script on each targeted host; values reach it by env or args",
  scope: "host",
  effect: "change",
  secretsIn: ["env"],
  input: z.strictObject({
    script: z.string().min(1).describe("The script. No ${{ }} here: pass values by env or args"),
    args: z.array(z.string()).default([]).describe("Positional arguments $1…"),
    env: z.record(z.string(), z.string()).default({}),
    become: z.boolean().default(false).describe("Run through sudo"),
    ok_codes: z.array(z.int()).default([0]).describe("Exit statuses that count as success"),
  }),
  output: execOutput,
  example: `- id: free_space
  action: ssh.script
  targets: { role: data }
  with:
    script: df --output=avail "$DIR" | tail -1
    env: { DIR: /var/lib/redis }
  undo: none`,
  commands: ({ script, args }) => [{ transport: "script", text: [script.trim(), ...args.map(quote)].join(" ") }],
  onHost: ({ script, args, env, become, ok_codes }) => [
    { kind: "script", script, args, env, become, okCodes: ok_codes },
  ],
  async run({ script, args, env, become, ok_codes }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    const result = await shell.script(script, args, { env, become, signal: context.signal });
    return finished(host.name, "the script", result, ok_codes);
  },
});

function finished(
  host: string,
  program: string,
  { code, signal, stdout, stderr }: { code: number | null; signal: string | null; stdout: string; stderr: string },
  okCodes: readonly number[],
) {
  if (code !== null && okCodes.includes(code)) return { outputs: { code, stdout, stderr }, changed: true };
  const how = code === null ? `was ended by ${signal}` : `ended with status ${code}`;
  const said = (stderr.trim() || stdout.trim()).split("\n").slice(-3).join(" / ");
  throw new RedishaError({
    code: "EXEC_FAILED",
    message: `${program} ${how} on ${host}${said ? `: ${said}` : ""}`,
    host,
    state: "the command ran; what it changed before it failed stands",
  });
}

function quote(word: string): string {
  return /^[\w.:@%/+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
