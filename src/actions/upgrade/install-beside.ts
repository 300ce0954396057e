import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";
import { packageVersions, upgradePackages, whyAptFailed, words } from "./packages.ts";

/**
 * `$1` the project of the packages, `$2` the one that runs. Their units are masked before they are there: on a port that is
 * taken a server would be started again and again, and behind a boot it could be the first one there. Those that have
 * taken over already run on. Prints `there` where the folder of the configuration was before.
 */
const HOLD_BACK = `
set -e
for kind in server sentinel; do
  if systemctl is-active --quiet "$1-$kind.service"; then
    ! systemctl is-active --quiet "$2-$kind.service" || { echo "$1-$kind.service and $2-$kind.service run both" >&2; exit 4; }
    continue
  fi
  if [ "$(systemctl is-enabled "$1-$kind.service" 2>/dev/null)" = enabled ] && ! systemctl is-active --quiet "$2-$kind.service"; then continue; fi
  systemctl stop "$1-$kind.service" 2>/dev/null || true
  systemctl --quiet mask "$1-$kind.service"
done`;

/** `$1` the project, `$2` not empty where the folder of its configuration came with the packages, then packages. */
const REMOVE = `
set -e
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
project=$1 folder=$2
shift 2
for kind in server sentinel; do
  ! systemctl is-active --quiet "$project-$kind.service" || { echo "$project-$kind.service runs" >&2; exit 4; }
done
[ $# -eq 0 ] || apt-get -y -q -o DPkg::Lock::Timeout=120 -o Dpkg::Use-Pty=0 purge "$@" >&2
for kind in server sentinel; do
  [ -e "/lib/systemd/system/$project-$kind.service" ] || systemctl --quiet unmask "$project-$kind.service"
done
[ -z "$folder" ] || rm -rf -- "/etc/$project"
systemctl daemon-reload`;

/** `$1` the project, then packages. Prints those that are not installed, and \`folder\` where its configuration has none yet. */
const MISSING = `
project=$1
shift
[ -d "/etc/$project" ] || echo folder
for p in "$@"; do [ -n "$(dpkg-query -W -f '\${db:Status-Abbrev}' "$p" 2>/dev/null | sed -n 's/^ii.*/yes/p')" ] || echo "$p"; done`;

/** What is to be taken away again where the packages are. */
const broughtSchema = z.strictObject({
  packages: z.array(z.string()).describe("Those that were not there before"),
  folder: z.boolean().describe("The folder of their configuration was not there, either"),
});

/** Installs packages of another project than the one that runs, and has none of their units start. */
export const upgradeInstallBeside = defineAction({
  name: "upgrade.install_beside",
  summary:
    "Installs packages of another project beside those that run, with their units masked: nothing is started, now or at a boot",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    engine: z.string().describe("Whose packages they are: redis or valkey"),
    versions: packageVersions.describe("As dpkg has them, by package"),
  }),
  output: z.strictObject({}),
  example: `- id: install
  action: upgrade.install_beside
  targets: { role: any }
  with: { engine: valkey, versions: { valkey-server: "8.1.1+dfsg1-3", valkey-tools: "8.1.1+dfsg1-3" } }
  undo: { action: upgrade.remove_beside, with: { engine: valkey, packages: "\${{ before.packages }}", folder: "\${{ before.folder }}" } }`,
  commands: ({ engine, versions }) => [
    { transport: "script", text: `systemctl mask ${engine}-server ${engine}-sentinel` },
    { transport: "script", text: `apt-get install ${words(versions).join(" ")}` },
  ],
  takesMs: () => 1_200_000,
  async before({ engine, versions }, context) {
    const said = (await onHost(context, MISSING, [engine, ...Object.keys(versions)])).split("\n");
    return { packages: Object.keys(versions).filter((name) => said.includes(name)), folder: said.includes("folder") };
  },
  async run({ engine, versions }, context) {
    await onHost(context, HOLD_BACK, [engine, engine === "valkey" ? "redis" : "valkey"]);
    const { changed } = await upgradePackages.run({ versions }, context);
    return { outputs: {}, changed };
  },
  repeatable: true,
  mayFailHalfway: true,
});

/** Takes back what upgrade.install_beside did, with all that was carried over to them. */
export const upgradeRemoveBeside = defineAction({
  name: "upgrade.remove_beside",
  summary:
    "Removes packages that were installed beside those that run, with their configuration; refused where one runs",
  scope: "host",
  effect: "change",
  input: broughtSchema.extend({ engine: z.string().describe("Whose packages they are: redis or valkey") }),
  output: z.strictObject({}),
  example: `- id: remove
  action: upgrade.remove_beside
  targets: { role: any }
  with: { engine: valkey, packages: [valkey-server, valkey-tools], folder: true }
  undo: none`,
  commands: ({ packages }) => [{ transport: "script", text: `apt-get purge ${packages.join(" ")}` }],
  takesMs: () => 1_200_000,
  async run({ engine, packages, folder }, context) {
    if (packages.length === 0) return { outputs: {}, changed: false };
    await onHost(context, REMOVE, [engine, folder ? "folder" : "", ...packages]);
    return { outputs: {}, changed: true };
  },
  repeatable: true,
});

async function onHost(context: ActionContext, script: string, args: readonly string[]): Promise<string> {
  const host = hostOf(context);
  const shell = await context.shell(host);
  const { code, stdout, stderr } = await shell.script(script, args, { become: rootOn(host), signal: context.signal });
  if (code === 0) return stdout;
  throw new RedishaError({
    code: "PACKAGE_NOT_INSTALLED",
    message: `Packages beside those that run cannot be had or removed on ${host.name}: ${whyAptFailed(stderr)}`,
    host: host.name,
    state: "every server runs as before",
    next: [`on ${host.name}, to see what is half done: dpkg --audit; systemctl list-units 'redis*' 'valkey*'`],
  });
}
