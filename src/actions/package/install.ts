import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";

/**
 * `$1` the wanted version or nothing, then packages. Nothing that is installed starts by itself: policy-rc.d says so while
 * apt works, and is as before afterwards. Edited files stay as they are, and nobody is asked. Units that packages enable
 * are disabled again: what is to run is enabled by name. Prints `installed` or `there`, then package and version of each.
 */
const INSTALL = `
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
wanted=$1; shift
have() { dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$1" 2>/dev/null | sed -n 's/^ii //p'; }
upstream() { echo "$1" | sed 's/^[0-9]*://; s/[-+~].*//'; }
fits() { case "$(upstream "$1")." in "$wanted".*) return 0 ;; *) [ -z "$wanted" ] ;; esac; }
missing=
for p in "$@"; do v=$(have "$p"); if [ -z "$v" ] || ! fits "$v"; then missing=yes; fi; done
if [ -n "$missing" ]; then
  first=$1
  pick() { apt-cache madison "$first" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' | while read -r v; do if fits "$v"; then echo "$v"; break; fi; done; }
  installed=$(have "$first")
  if [ -n "$installed" ] && fits "$installed"; then version=$installed; else version=$(pick); fi
  if [ -z "$version" ]; then apt-get -qq -o DPkg::Lock::Timeout=120 update >&2 || true; version=$(pick); fi
  [ -n "$version" ] || { echo "apt offers no $first $wanted" >&2; exit 3; }
  policy=/usr/sbin/policy-rc.d
  back() { rm -f "$policy"; if [ -e "$policy.redisha" ]; then mv -f "$policy.redisha" "$policy"; fi; }
  trap back EXIT
  if [ -e "$policy" ] && ! [ -e "$policy.redisha" ]; then mv "$policy" "$policy.redisha"; fi
  printf '#!/bin/sh\\n# redisha installs packages; what they bring is not to start by itself\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
  fresh=
  set -- "$@" --
  while [ "$1" != -- ]; do
    if [ -z "$(have "$1")" ]; then fresh="$fresh $1"; fi
    set -- "$@" "$1=$version"; shift
  done
  shift
  apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 --no-install-recommends \\
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@" >&2
  for p in $fresh; do
    case $p in *-server|*-sentinel|*-exporter|systemd-timesyncd) systemctl disable "$p.service" >&2 2>&1 || true ;; esac
  done
  echo installed
  for p in "$@"; do echo "\${p%%=*} $version"; done
else
  echo there
  for p in "$@"; do echo "$p $(have "$p")"; done
fi`;

/** Installs packages by apt, one version for all, and starts nothing. */
export const packageInstall = defineAction({
  name: "package.install",
  summary:
    "Installs packages of one version by apt on each targeted host; nothing starts by itself, edited files stay, nobody is asked",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    packages: z
      .array(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/, "the name of a package"))
      .min(1)
      .describe("The first one says which version all get"),
    version: z
      .string()
      .regex(/^\d+(\.\d+)*$/)
      .nullable()
      .default(null)
      .describe("Wanted version, as far as it matters: 7.0 takes the newest 7.0.x; null takes what apt prefers"),
  }),
  output: z.strictObject({
    versions: z.record(z.string(), z.string()).describe("Versions as dpkg has them, by package"),
  }),
  example: `- id: packages
  action: package.install
  targets: { role: any }
  with: { packages: [redis-server, redis-tools, redis-sentinel], version: "7.0" }
  undo: none`,
  commands: ({ packages, version }) => [
    {
      transport: "script",
      text: `apt-get install ${packages.map((name) => (version === null ? name : `${name}=${version}*`)).join(" ")}`,
    },
  ],
  takesMs: () => 600_000,
  async run({ packages, version }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    const options = { become: rootOn(host), signal: context.signal };
    const result = await shell.script(INSTALL, [version ?? "", ...packages], options);
    const [how, ...lines] = result.stdout.trim().split("\n");
    if (result.code !== 0 || how === undefined) throw notInstalled(host.name, packages, result.stderr);
    const versions = Object.fromEntries(
      lines.map((line): [string, string] => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]),
    );
    return { outputs: { versions }, changed: how === "installed" };
  },
  repeatable: true,
});

function notInstalled(host: string, packages: readonly string[], stderr: string): RedishaError {
  return new RedishaError({
    code: "PACKAGE_NOT_INSTALLED",
    message: `${packages.join(", ")} could not be installed on ${host}: ${stderr.trim().split("\n").slice(-2).join(" / ")}`,
    host,
    state: "what apt had done before it failed stands; nothing was started",
    next: [`on ${host}: apt-get update, then apt-cache madison ${packages[0]}`],
  });
}
