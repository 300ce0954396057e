import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { rootOn } from "../service/shell.ts";
import { packageVersions, whyAptFailed, words } from "./packages.ts";

/** `PACKAGE=VERSION` of each. apt checks what it fetches, and keeps it in its cache until it installs it. */
const FETCH = `
export DEBIAN_FRONTEND=noninteractive LC_ALL=C
apt-get -y -q -o DPkg::Lock::Timeout=120 -o APT::Keep-Downloaded-Packages=true --allow-downgrades \\
  --no-install-recommends --download-only install "$@" >&2`;

/** Has packages on a host before its server is stopped for them. */
export const upgradeFetch = defineAction({
  name: "upgrade.fetch",
  summary:
    "Has apt fetch and check packages and all that they need, so that nothing waits for them while a server is away",
  scope: "host",
  effect: "change",
  input: z.strictObject({ versions: packageVersions.describe("As dpkg has them, by package") }),
  output: z.strictObject({}),
  example: `- id: fetch
  action: upgrade.fetch
  targets: { role: any }
  with: { versions: "\${{ steps.target.hosts[host.host].outputs.packages }}" }
  undo: none`,
  commands: ({ versions }) => [
    { transport: "script", text: `apt-get install --download-only ${words(versions).join(" ")}` },
  ],
  takesMs: () => 1_200_000,
  async run({ versions }, context) {
    const host = hostOf(context);
    const shell = await context.shell(host);
    const done = await shell.script(FETCH, words(versions), { become: rootOn(host), signal: context.signal });
    // What lies in apt's cache is nothing that would have to be taken back.
    if (done.code === 0) return { outputs: {}, changed: false };
    throw new RedishaError({
      code: "UPGRADE_NOT_FETCHED",
      message: `apt cannot fetch ${words(versions).join(" ")} on ${host.name}: ${whyAptFailed(done.stderr)}`,
      host: host.name,
      exit: EXIT.gateRefused,
      state: "every server runs as before",
      next: [`on ${host.name}: apt-get update; df -h /var/cache/apt`],
    });
  },
  repeatable: true,
});
