import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";

/**
 * `PACKAGE=VERSION` of each. The server, Sentinel and tools of Debian depend on each other by exact version, and restart what
 * runs; policy-rc.d holds that back while apt works. Only that: an sshd of which another release came along lets nobody in
 * until it is restarted. Edited configuration stays as it is, also where the host's own apt is told to replace it, and nobody
 * is asked about it. Once apt works it goes on to its end, whoever goes away: it writes into a file, since a connection that
 * is gone would have it die in mid-package.
 */
const MOVE = `
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
trap '' HUP
policy=/usr/sbin/policy-rc.d
ours='# redisha changes packages'
log=$(mktemp)
back() { rm -f "$policy" "$log"; if [ -e "$policy.redisha" ]; then mv -f "$policy.redisha" "$policy"; fi; }
trap back EXIT
if [ -e "$policy" ] && ! grep -q "^$ours" "$policy"; then mv -f "$policy" "$policy.redisha"; fi
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
keep='--force-confdef --force-confold --no-force-confnew --no-force-confask'
for try in 1 2 3 4 5 6 7 8 9 10 11 12; do
  dpkg --configure -a $keep >"$log" 2>&1 && break
  # Somebody else's apt, perhaps that of a run that was killed; a package that cannot be set up may be what is replaced.
  grep -qi lock "$log" || break
  sleep 10
done
options=
for option in $keep; do options="$options -o Dpkg::Options::=$option"; done
apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 --allow-downgrades --no-install-recommends \\
  $options install "$@" >"$log" 2>&1 || { code=$?; tail -n 20 "$log" >&2; exit "$code"; }`;

/** Packages: prints name and version of each that is installed. */
const PRESENT = `
for p in "$@"; do dpkg-query -W -f '\${db:Status-Abbrev}\${Package} \${Version}\\n' "$p" 2>/dev/null | sed -n 's/^ii //p'; done`;

/** What dpkg calls packages and their versions. */
export const packageVersions = z.record(
  z.string().regex(/^[a-z0-9][a-z0-9.+-]+$/),
  z.string().regex(/^[0-9A-Za-z.:~+-]+$/),
);

/** Brings packages that are installed to these versions, newer or older, and restarts nothing. */
export const upgradePackages = defineAction({
  name: "upgrade.packages",
  summary:
    "Brings installed packages to exact versions, all at once, newer or older; nothing is restarted, configuration stays as it is",
  scope: "host",
  effect: "change",
  input: z.strictObject({ versions: packageVersions.describe("As dpkg has them, by package") }),
  output: z.strictObject({ versions: packageVersions }),
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
  mayFailHalfway: true,
});

/** `NAME=VERSION` of each, as apt wants them. */
export function words(given: Readonly<Record<string, string>>): string[] {
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
    message: `apt did not bring ${host} to ${wanted.join(" ")}: ${whyAptFailed(stderr)}`,
    host,
    state: "what apt had done before it failed stands; its server is stopped, nothing was restarted",
    next: [`on ${host}, to see what is half done: dpkg --audit`],
  });
}

/** The lines that name what went wrong; the last ones only say that something did. */
export function whyAptFailed(said: string): string {
  const lines = said
    .trim()
    .split("\n")
    .map((line) => line.trim());
  const telling = lines.filter((line) => /^(E:|dpkg: error|No space|.*error exit status|.*No space left)/.test(line));
  return (telling.length > 0 ? telling : lines).slice(0, 3).join(" / ");
}
