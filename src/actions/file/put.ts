import { createHash } from "node:crypto";
import { z } from "zod";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { keepFile, keptSchema, lookAtFile, placeToKeep } from "./host-file.ts";

/** Puts a file on a host, whole or not at all; one that is as wanted is left alone. */
export const filePut = defineAction({
  name: "file.put",
  summary: "Puts a file on each targeted host with owner and mode; what it replaces is kept on the host",
  scope: "host",
  effect: "change",
  secretsIn: ["content"],
  input: z.strictObject({
    path: z.string().regex(/^\//, "an absolute path").describe("Where it goes; its folder must be there"),
    content: z.string().describe("The whole file"),
    owner: z
      .string()
      .regex(/^[a-z_][a-z0-9_-]*:[a-z_][a-z0-9_-]*$/, "user:group")
      .default("root:root")
      .describe("user:group, by names of the host"),
    mode: z
      .string()
      .regex(/^0[0-7]{3}$/, "octal, such as 0640")
      .default("0644"),
  }),
  output: z.strictObject({ path: z.string(), sha256: z.string() }),
  example: `- id: sysctl
  action: file.put
  targets: { role: data }
  with: { path: /etc/sysctl.d/60-redisha.conf, content: "vm.overcommit_memory = 1\\n" }
  undo: { action: file.restore, with: { path: "\${{ before.path }}", kept: "\${{ before.kept }}" } }`,
  commands: ({ path, content, owner, mode }) => [
    {
      transport: "script",
      text: `install -o ${owner.replace(":", " -g ")} -m ${mode} ‹${Buffer.byteLength(content)} bytes, sha256 ${digestOf(content).slice(0, 12)}› ${path}`,
    },
  ],
  async before({ path }, context) {
    return placeToKeep(await context.shell(hostOf(context)), path, context.life.id, context.signal);
  },
  async run({ path, content, owner, mode }, context) {
    const shell = await context.shell(hostOf(context));
    const sha256 = digestOf(content);
    const found = await lookAtFile(shell, path, context.signal);
    const outputs = { path, sha256 };
    if (found?.sha256 === sha256 && found.owner === owner && found.mode === mode) return { outputs, changed: false };
    await keepFile(shell, keptSchema.parse(context.before), context.signal);
    const options = { mode: Number.parseInt(mode, 8), owner, become: true, signal: context.signal };
    await shell.upload(content, path, options);
    return { outputs, changed: true };
  },
  async probe({ path, content, owner, mode }, context) {
    const found = await lookAtFile(await context.shell(hostOf(context)), path, context.signal);
    return found?.sha256 === digestOf(content) && found.owner === owner && found.mode === mode;
  },
});

function digestOf(content: string): string {
  return createHash("sha256").update(content).digest("hex");
}
