import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";

/**
 * `PACKAGE=VERSION` of each. The server, Sentinel and tools of Debian depend on each other by exact version, and restart what
 * runs; policy-rc.d holds that back while apt works. Only that: an sshd of which another release came along lets nobody in
 * until it is restarted. Edited configuration stays as it is, and nobody is asked about it.
 */
const MOVE = `
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
policy=/usr/sbin/policy-rc.d
back() { rm -f "$policy"; if [ -e "$policy.redisha" ]; then mv -f "$policy.redisha" "$policy"; fi; }
trap back EXIT
if [ -e "$policy" ] && ! [ -e "$policy.redisha" ]; then mv "$policy" "$policy.redisha"; fi
cat >"$policy" <<'END'
#!/bin/sh
# redisha changes packages; servers of Redis are not to be restarted by them, whatever else comes along is
words="$*"
while case $1 in -*) true ;; *) false ;; esac; do shift; done
case $1 in redis*|valkey*|keydb*) exit 101 ;; esac
set -- $words
[ ! -x "$0.redisha" ] || exec "$0.redisha" "$@"
exit 0
END
chmod 755 "$policy"
dpkg --configure -a --force-confdef --force-confold >&2
apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 --allow-downgrades --no-install-recommends \\
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@" >&2`;

/** Packages: prints name and version of each that is installed. */
const PRESENT = `
for p in "$@"; do dpkg-query -W -f '\${db:Status-Abbrev}\${Package} \${Version}\\n' "$p" 2>/dev/null | sed -n 's/^ii //p'; done`;

const versions = z.record(z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/), z.string().regex(/^[0-9A-Za-z.:~+-]+$/));

/** Brings packages that are installed to these versions, newer or older, and restarts nothing. */
export const upgradePackages = defineAction({
  name: "upgrade.packages",
  summary:
    "Brings installed packages to exact versions, all at once, newer or older; nothing is restarted, configuration stays as it is",
  scope: "host",
  effect: "change",
  input: z.strictObject({ versions: versions.describe("As dpkg has them, by package") }),
  output: z.strictObject({ versions }),
  example: `- id: packages
  action: upgrade.packages
  targets: { role: replica }
  with: { versions: { redis-server: "5:8.0.2-3", redis-sentinel: "5:8.0.2-3", redis-tools: "5:8.0.2-3" } }
  undo: { action: upgrade.packages, with: { versions: "\${{ before.versions }}" } }`,
  commands: (given) => [
    { transport: "script", text: `apt-get install --allow-downgrades ${words(given.versions).join(" ")}` },
  ],
  takesMs: () => 1_200_000,
  async before(given, context) {
    return { versions: await present(Object.keys(given.versions), context) };
  },
  async run(given, context) {
    const names = Object.keys(given.versions);
    const was = await present(names, context);
    if (names.every((name) => was[name] === given.versions[name]))
      return { outputs: { versions: was }, changed: false };
    const host = hostOf(context);
    const shell = await context.shell(host);
    const done = await shell.script(MOVE, words(given.versions), { become: rootOn(host), signal: context.signal });
    const is = await present(names, context);
    if (done.code === 0 && names.every((name) => is[name] === given.versions[name])) {
      return { outputs: { versions: is }, changed: true };
    }
    throw notMoved(host.name, words(given.versions), done.stderr);
  },
  repeatable: true,
});

function words(given: Readonly<Record<string, string>>): string[] {
  return Object.entries(given).map(([name, version]) => `${name}=${version}`);
}

async function present(names: readonly string[], context: ActionContext): Promise<Record<string, string>> {
  const shell = await context.shell(hostOf(context));
  const { stdout } = await shell.script(PRESENT, names, { signal: context.signal });
  const lines = stdout.split("\n").map((line) => line.trim().split(" "));
  return Object.fromEntries(
    lines.flatMap(([name = "", version = ""]): [string, string][] => (version ? [[name, version]] : [])),
  );
}

function notMoved(host: string, wanted: readonly string[], stderr: string): RedishaError {
  return new RedishaError({
    code: "PACKAGE_NOT_INSTALLED",
    message: `apt did not bring ${host} to ${wanted.join(" ")}: ${stderr.trim().split("\n").slice(-2).join(" / ")}`,
    host,
    state: "what apt had done before it failed stands; its server is stopped, nothing was restarted",
    next: [`on ${host}: dpkg --audit; apt-get -f install`],
  });
}
