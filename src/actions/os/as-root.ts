import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { hostOf } from "../needs.ts";

/** Runs a script on the host of an op as root; what fails is thrown with the last it said. */
export async function asRoot(
  context: ActionContext,
  script: string,
  args: readonly string[],
  failure: { readonly code: string; readonly what: string; readonly state: string },
): Promise<string> {
  const shell = await context.shell(hostOf(context));
  const text = `PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin\nLC_ALL=C\nexport PATH LC_ALL\n${script}`;
  const { code, stdout, stderr } = await shell.script(text, args, { become: true, signal: context.signal });
  if (code === 0) return stdout;
  throw new RedishaError({
    code: failure.code,
    message: `${failure.what} on ${shell.host}: ${stderr.trim().split("\n").at(-1) || `status ${code}`}`,
    host: shell.host,
    state: failure.state,
    next: ["log in as root, or set `ssh: { become: sudo }`"],
  });
}
