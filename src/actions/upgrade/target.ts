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
 * `$1` engine, `$2` wanted version or the beginning of one, `$3` the package's own version where it is to be that, `$4` not
 * empty where servers may move to packages of another project than their own. Prints `now PACKAGE VERSION` of each package
 * that is installed, `add PACKAGE` of each that comes beside one of the other project, `new VERSION` that apt offers, `back`
 * where apt offers the present one, too, and `beside` where servers have to move; then has apt rehearse it.
 */
const BY_APT = `
export LC_ALL=C DEBIAN_FRONTEND=noninteractive
upstream() { echo "$1" | sed 's/^[0-9]*://; s/[-+~].*//'; }
have() { dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$1" 2>/dev/null | sed -n 's/^ii //p'; }
# Whether a unit of a project is started at boot; one that is masked is not.
runs() {
  for f in /etc/systemd/system/*.wants/"$1"-server*.service /etc/systemd/system/*.wants/"$1"-sentinel*.service; do
    [ -L "$f" ] && [ "$(readlink "/etc/systemd/system/\${f##*/}")" != /dev/null ] && return 0
  done
  return 1
}
case $1 in redis) other=valkey ;; *) other=redis ;; esac
beside=
if runs "$other" && { [ -n "$4" ] || ! runs "$1"; }; then beside=yes; fi
if [ -n "$beside" ] && [ -z "$4" ]; then
  echo "its servers run from packages of $other, which those of $1 do not replace" >&2
  exit 3
fi
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
  v=$(have "$p")
  if [ -z "$v" ]; then
    [ -n "$beside" ] && [ -n "$(have "$other-\${p#"$1-"}")" ] || continue
    echo "add $p"
    wanted="$wanted $p=$new"
    continue
  fi
  echo "now $p $v"
  wanted="$wanted $p=$new"
  for o in $offered; do [ "$o" = "$v" ] && echo back; done
done
[ -n "$wanted" ] || { echo "no package of $1 is installed" >&2; exit 3; }
[ -z "$beside" ] || printf '%s\\n' back beside
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
    beside: z
      .boolean()
      .default(false)
      .describe("Packages of another project than the present one will do, installed beside them"),
  }),
  output: z.strictObject({
    version: z.string().describe("In full"),
    program: z.string().nullable().describe("The server program in the folder; null for apt"),
    packages: z.record(z.string(), z.string()).describe("What apt is to install, by package"),
    present: z.record(z.string(), z.string()).describe("What is installed of it now"),
    back: z.boolean().describe("The present release can be had again"),
    beside: z.boolean().describe("The packages come beside those of another project, which run the servers now"),
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
              `${name} ${present[name] === wanted ? `is ${wanted}` : `${present[name] ?? "not there"} -> ${wanted}`}`,
          )
          .join(", ")
      : `${program} is ${version}`,
  async run(input, context) {
    const outputs = input.source === "directory" ? await inFolder(input, context) : await byApt(input, context);
    return { outputs, changed: false };
  },
});

type Wanted = {
  engine: string;
  version: string;
  revision: string | null;
  directory: string | null;
  beside: boolean;
};

async function inFolder({ engine, version, directory }: Wanted, context: ActionContext) {
  if (directory === null)
    throw missing(context, "which folder holds it is not said", ["say it: --directory /opt/valkey-9.1"]);
  const said = await onHost(context, IN_FOLDER, [directory, `${engine}-server`]);
  const [program = "", banner = ""] = said.split("\n");
  const [, name = "", found = ""] = /^(Redis|Valkey) server v=(\S+)/i.exec(banner) ?? [];
  const is = { engine: name.toLowerCase(), version: found };
  if (isRelease(is, { engine, version }))
    return { version: found, program, packages: {}, present: {}, back: true, beside: false };
  throw missing(
    context,
    `${program} is ${found ? shown(is) : `none that answers: ${banner}`}, not ${shown({ engine, version })}`,
  );
}

async function byApt({ engine, version, revision, beside }: Wanted, context: ActionContext) {
  const lines = (await onHost(context, BY_APT, [engine, version, revision ?? "", beside ? "beside" : ""]))
    .split("\n")
    .map((line) => line.split(" "));
  const fresh = lines.find(([word]) => word === "new")?.[1] ?? "";
  const present = Object.fromEntries(
    lines.flatMap(([word, name = "", has = ""]): [string, string][] => (word === "now" ? [[name, has]] : [])),
  );
  const named = lines.flatMap(([word, name = ""]) => (word === "now" || word === "add" ? [name] : []));
  const packages = Object.fromEntries(named.map((name) => [name, fresh]));
  const said = (wanted: string) => lines.some(([word]) => word === wanted);
  return {
    ...{ version: upstreamOf(fresh), program: null, packages, present },
    ...{ back: said("back"), beside: said("beside") },
  };
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
