import { createHash } from "node:crypto";
import { posix } from "node:path";
import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { lookAtFile } from "./host-file.ts";

/** Where files that were replaced are kept on their host, below the run's id: contents may be secret, and belong in no journal. */
const KEPT = "/var/lib/redisha/kept";

/** Copies `$1` to `$2`, in folders that only root may enter; a copy that is there already is the older one, and stays. */
const KEEP = `
set -e
umask 077
mkdir -p -- "$(dirname -- "$2")"
if [ -e "$2" ]; then exit 0; fi
cp -p -- "$1" "$2.part"
sync -- "$2.part" 2>/dev/null || sync
mv -f -- "$2.part" "$2"
`;

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
    const shell = await context.shell(hostOf(context));
    const found = await lookAtFile(shell, path, context.signal);
    if (!found) return { path, kept: null };
    const kept = posix.join(KEPT, context.life.id, path);
    const { code, stderr } = await shell.script(KEEP, [path, kept], { become: true, signal: context.signal });
    if (code !== 0) throw notKept(shell.host, path, kept, stderr);
    return { path, kept, ...found };
  },
  async run({ path, content, owner, mode }, context) {
    const shell = await context.shell(hostOf(context));
    const sha256 = digestOf(content);
    const found = await lookAtFile(shell, path, context.signal);
    const outputs = { path, sha256 };
    if (found?.sha256 === sha256 && found.owner === owner && found.mode === mode) return { outputs, changed: false };
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

function notKept(host: string, path: string, kept: string, stderr: string): RedishaError {
  return new RedishaError({
    code: "FILE_NOT_KEPT",
    message: `${path} on ${host} cannot be copied to ${kept}, so it is not replaced: ${stderr.trim().split("\n").at(-1)}`,
    host,
    state: "the file is as it was",
  });
}
