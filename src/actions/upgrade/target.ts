import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { upstreamOf } from "../../init/read-host.ts";
import { isRelease, shown } from "../../upgrade/release.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";

/** `$1` folder, `$2` name of the program. Prints its path, then what it says of itself. */
const IN_FOLDER = `
for p in "$1/bin/$2" "$1/$2"; do
  [ -x "$p" ] || continue
  echo "$p"
  "$p" --version
  exit
done
echo "no $2 in $1 or $1/bin" >&2
exit 3`;

/**
 * `$1` engine, `$2` wanted version or the beginning of one, `$3` the package's own version where it is to be that. Prints
 * `now PACKAGE VERSION` of each package that is installed, `new VERSION` that apt offers, and `back` where apt offers the
 * present one, too; then has apt rehearse it.
 */
const BY_APT = `
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
upstream() { echo "$1" | sed 's/^[0-9]*://; s/[-+~].*//'; }
offered=$(apt-cache madison "$1-tools" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }')
new=
for v in $offered; do
  case $(upstream "$v") in "$2"|"$2".*) ;; *) continue ;; esac
  [ -z "$3" ] || [ "$v" = "$3" ] || continue
  if [ -z "$new" ] || dpkg --compare-versions "$v" gt "$new"; then new=$v; fi
done
[ -n "$new" ] || { echo "apt offers no $1-tools \${3:-$2}, only: $(echo $offered)" >&2; exit 3; }
echo "new $new"
wanted=
for p in "$1-server" "$1-sentinel" "$1-tools"; do
  v=$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$p" 2>/dev/null | sed -n 's/^ii //p')
  [ -n "$v" ] || continue
  echo "now $p $v"
  wanted="$wanted $p=$new"
  for o in $offered; do [ "$o" = "$v" ] && echo back; done
done
[ -n "$wanted" ] || { echo "no package of $1 is installed" >&2; exit 3; }
apt-get -s -q --allow-downgrades --no-install-recommends install $wanted >/dev/null
`;

/** Whether a host can get the release: nothing is stopped for one that is not there. */
export const upgradeTarget = defineAction({
  name: "upgrade.target",
  summary:
    "Fails unless the release is there on each targeted host: in a folder of programs, or offered by apt, which rehearses it",
  scope: "host",
  effect: "read",
  once: true,
  input: z.strictObject({
    engine: z.string().describe("redis or valkey"),
    version: z.string().describe("In full, or how it begins: the newest such one is meant"),
    revision: z
      .string()
      .nullable()
      .default(null)
      .describe("The package's own version, for source apt: 5:7.0.15-1~deb12u7"),
    source: z.enum(["apt", "directory"]),
    directory: z.string().nullable().default(null).describe("The folder, for source directory"),
  }),
  output: z.strictObject({
    version: z.string().describe("In full"),
    program: z.string().nullable().describe("The server program in the folder; null for apt"),
    packages: z.record(z.string(), z.string()).describe("What apt is to install, by package"),
    present: z.record(z.string(), z.string()).describe("What is installed of it now"),
    back: z.boolean().describe("The present release can be had again"),
  }),
  example: `- id: there
  action: upgrade.target
  targets: { role: any, per: host }
  with: { engine: valkey, version: "9.1.2", source: directory, directory: /opt/valkey-9.1 }`,
  commands: ({ engine, version, source, directory }) => [
    {
      transport: "script",
      text:
        source === "directory"
          ? `${directory}/bin/${engine}-server --version`
          : `apt-cache madison ${engine}-tools; apt-get -s install ${engine}-server=${version}*`,
    },
  ],
  tell: ({ version, program, packages, present }) =>
    program === null
      ? Object.entries(packages)
          .map(
            ([name, wanted]) =>
              `${name} ${present[name] === wanted ? `is ${wanted}` : `${present[name]} -> ${wanted}`}`,
          )
          .join(", ")
      : `${program} is ${version}`,
  async run(input, context) {
    const outputs = input.source === "directory" ? await inFolder(input, context) : await byApt(input, context);
    return { outputs, changed: false };
  },
});

type Wanted = { engine: string; version: string; revision: string | null; directory: string | null };

async function inFolder({ engine, version, directory }: Wanted, context: ActionContext) {
  if (directory === null)
    throw missing(context, "which folder holds it is not said", ["say it: --directory /opt/valkey-9.1"]);
  const said = await onHost(context, IN_FOLDER, [directory, `${engine}-server`]);
  const [program = "", banner = ""] = said.split("\n");
  const [, name = "", found = ""] = /^(Redis|Valkey) server v=(\S+)/i.exec(banner) ?? [];
  const is = { engine: name.toLowerCase(), version: found };
  if (isRelease(is, { engine, version })) return { version: found, program, packages: {}, present: {}, back: true };
  throw missing(
    context,
    `${program} is ${found ? shown(is) : `none that answers: ${banner}`}, not ${shown({ engine, version })}`,
  );
}

async function byApt({ engine, version, revision }: Wanted, context: ActionContext) {
  const lines = (await onHost(context, BY_APT, [engine, version, revision ?? ""]))
    .split("\n")
    .map((line) => line.split(" "));
  const fresh = lines.find(([word]) => word === "new")?.[1] ?? "";
  const present = Object.fromEntries(
    lines.flatMap(([word, name = "", has = ""]): [string, string][] => (word === "now" ? [[name, has]] : [])),
  );
  const packages = Object.fromEntries(Object.keys(present).map((name) => [name, fresh]));
  const back = lines.some(([word]) => word === "back");
  return { version: upstreamOf(fresh), program: null, packages, present, back };
}

async function onHost(context: ActionContext, script: string, args: readonly string[]): Promise<string> {
  const host = hostOf(context);
  const shell = await context.shell(host);
  const { code, stdout, stderr } = await shell.script(script, args, { become: rootOn(host), signal: context.signal });
  if (code === 0) return stdout.trim();
  throw missing(context, stderr.trim().split("\n").slice(-2).join(" / ") || `status ${code}`);
}

function missing(context: ActionContext, why: string, next?: readonly string[]): RedishaError {
  const { name } = hostOf(context);
  return new RedishaError({
    code: "UPGRADE_TARGET_MISSING",
    message: `The release is not there on ${name}: ${why}.`,
    host: name,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: next ?? [`on ${name}: add the repository that has it, or unpack it there, and apt-get update`],
  });
}
