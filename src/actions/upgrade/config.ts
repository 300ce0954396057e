import { z } from "zod";
import { type Directive, directivesOf, parseConf } from "../../conf/conf-file.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { pairsOf } from "../../topology/parse/pairs.ts";
import { compareConfig, usersTwice } from "../../upgrade/compare-config.ts";
import { majorOf, shown } from "../../upgrade/release.ts";
import { infoOf, serverOf } from "../backup/save/persistence.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { instanceOf } from "../needs.ts";
import { configFileOf } from "../service/config-file.ts";
import { onHostOf } from "../service/shell.ts";

/** `$1` the file. Prints it, and behind it every file that it includes, which may include others. */
const READ = `
show() {
  cat -- "$1" || return 1
  echo
  [ "$2" -gt 0 ] || return 0
  awk 'tolower($1) == "include" { $1 = ""; gsub(/["\\047\\r]/, ""); print }' "$1" | while read -r pattern; do
    for f in $pattern; do if [ -f "$f" ]; then show "$f" $(($2 - 1)); fi; done
  done
}
show "$1" 8`;

/** Whether the release starts with the file that is there, and what means something else to it. */
export const upgradeConfig = defineAction({
  name: "upgrade.config",
  summary:
    "Fails where the configuration file holds a directive that the release refuses; tells what it ignores and which defaults differ",
  scope: "instance",
  effect: "read",
  once: true,
  input: z.strictObject({ engine: z.string(), version: z.string() }),
  output: z.strictObject({
    ignored: z.array(z.string()).describe("Directives of the file that have no effect there"),
    defaults: z
      .array(z.strictObject({ name: z.string(), from: z.string(), to: z.string() }))
      .describe("What the file does not say, and means something else there"),
  }),
  example: `- id: config
  action: upgrade.config
  targets: { role: data }
  with: { engine: redis, version: "8.0.2" }`,
  commands: () => [
    { transport: "redis", text: "CONFIG GET *" },
    { transport: "script", text: "cat CONFIG_FILE" },
  ],
  async run({ engine, version }, context) {
    const instance = instanceOf(context);
    const redis = await context.redis(instance);
    const info = await infoOf(redis, ["server"], context.signal);
    const file = configFileOf(instance, info);
    const directives = await directivesIn(file, instance, context);
    const written = directives.map(({ name }) => name);
    const from = serverOf(info);
    const to = { name: engine, version };
    const values = pairsOf(await redis.command(["CONFIG", "GET", "*"], { signal: context.signal }));
    const { unknown, ignored, defaults } = compareConfig(written, values, from, to);
    const where = written.includes("include") ? `${file}, with what it includes` : file;
    if (unknown.length > 0) throw refused(instance, where, unknown, shown({ engine, version }));
    const twice = usersTwice(directives);
    if (twice.length > 0 && majorOf({ version }) >= 7)
      throw doubled(instance, where, twice, shown({ engine, version }));
    for (const { name, from: was, to: is } of defaults) {
      context.emit({
        type: "warning",
        message: `${instance.id}: ${name} is not set; its default moves from "${was}" to "${is}"`,
      });
    }
    return { outputs: { ignored: [...ignored], defaults: [...defaults] }, changed: false };
  },
});

async function directivesIn(file: string, instance: Instance, context: ActionContext): Promise<Directive[]> {
  const failure = { code: "UPGRADE_CONFIG_NOT_READ", what: `${file} cannot be read`, state: "nothing was touched" };
  return directivesOf(parseConf(await onHostOf(instance, context, READ, [file], failure)));
}

function refused({ id, host }: Instance, file: string, unknown: readonly string[], release: string): RedishaError {
  return new RedishaError({
    code: "UPGRADE_CONFIG_REFUSED",
    message: `${release} would not start with ${file}: it does not know ${unknown.join(", ")}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`on ${host.name}: take ${unknown.length === 1 ? "this line" : "these lines"} out of it`],
  });
}

function doubled({ id, host }: Instance, file: string, users: readonly string[], release: string): RedishaError {
  return new RedishaError({
    code: "UPGRADE_CONFIG_REFUSED",
    message: `${release} would not start with ${file}: it has more than one line of user ${users.join(", user ")}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`on ${host.name}: make one line of them, with all rules in the order of the lines`],
  });
}
