import { expect } from "vitest";
import { redisha } from "../support/redisha.ts";
import type { FleetDeployment } from "./harness/deployment.ts";
import type { Fleet } from "./harness/fleet.ts";
import type { FleetHost } from "./harness/host.ts";

/** How an upgrade ended that something was done to on the way. */
export interface Broken {
  readonly code: number | null;
  readonly status: string;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly host?: string;
    readonly state?: string;
    readonly next: readonly string[];
  };
  /** What it would be told by, where a test fails. */
  readonly said: string;
}

/** Something that happens as soon as an op of a step begins: `replicas[r2:6379].stop`. */
interface Mishap {
  readonly step: string;
  happens(): Promise<unknown>;
}

/** Upgrades by packages, and lets something happen on the way. */
export function upgradeWith(
  deployment: FleetDeployment,
  version: string,
  mishap?: Mishap,
  flags: readonly string[] = [],
): Promise<Broken> {
  const argv = ["upgrade", "--file", deployment.file, "--to", version, "--waive", "backup", "--soak", "0s"];
  return runWith([...argv, ...flags, "--confirm", "fleet"], mishap);
}

/** Runs a command, and lets something happen on the way. */
export async function runWith(argv: readonly string[], mishap?: Mishap): Promise<Broken> {
  let happened: Promise<unknown> | undefined;
  const { code, stdout, stderr } = await redisha([...argv, "-o", "jsonl"], {
    onStdout: (text) => {
      const begun = text.split("\n").some((line) => line.includes('"op_started"') && stepOf(line) === mishap?.step);
      if (begun) happened ??= mishap?.happens();
    },
  });
  await happened;
  if (mishap !== undefined && happened === undefined) throw new Error(`${mishap.step} was never begun: ${stderr}`);
  const events = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
  const end = events.findLast(({ type }) => type === "run_finished") ?? {};
  return { code, status: end.status, error: end.error, said: stderr.slice(-3_000) };
}

function stepOf(line: string): string | undefined {
  return /"step":"([^"]+)"/.exec(line)?.[1];
}

/** Flags by which the last run is gone on with, or taken back. */
export function lastRun(deployment: FleetDeployment, how: "resume" | "rollback"): string[] {
  return ["runs", how, "last", "--yes", "--confirm", "fleet", "--file", deployment.file];
}

/** Goes on with the last run, or takes it back: its code, and what it said where that is not 0. */
export async function afterwards(
  deployment: FleetDeployment,
  how: "resume" | "rollback",
  env: Readonly<Record<string, string>> = {},
) {
  const { code, stdout, stderr } = await redisha(lastRun(deployment, how), { env });
  return { code, said: code === 0 ? "" : (stdout + stderr).slice(-3_000) };
}

/** Boots a host that lost power, and waits until what runs on it answers, each started once. */
export async function comesUp(fleet: Fleet, deployment: FleetDeployment, name: string, limit = 60_000): Promise<void> {
  await fleet.boot(name);
  const sentinel = (await fleet.host(name).exec("systemctl is-enabled redis-sentinel || true")).trim() === "enabled";
  const units = sentinel ? ["redis-server", "redis-sentinel"] : ["redis-server"];
  const services = () =>
    fleet.host(name).exec(`for u in ${units.join(" ")}; do systemctl show -p ActiveState,NRestarts --value $u; done`);
  await expect.poll(services, { timeout: limit, interval: 1_000 }).toBe(units.map(() => "0\nactive").join("\n"));
  for (const port of sentinel ? [6379, 26379] : [6379]) {
    await expect
      .poll(() => deployment.cli(`${name}:${port}`, "PING"), { timeout: limit, interval: 1_000 })
      .toBe("PONG");
  }
}

/** What runs, what is installed, and what keeps each from being promoted: a line for each host. */
export async function standOf(fleet: Fleet, deployment: FleetDeployment): Promise<string[]> {
  return Promise.all(
    fleet.hosts.map(async (host) => {
      const ask = (...words: string[]) => deployment.cli(`${host.name}:6379`, ...words).catch(() => "");
      const version = /redis_version:(\S+)/.exec(await ask("INFO", "server"))?.[1] ?? "none";
      const priority = (await ask("CONFIG", "GET", "replica-priority")).split("\n")[1] ?? "?";
      const packages = await host.exec("dpkg-query -W -f '${db:Status-Abbrev}${Version}\\n' 'redis-*' | sort -u");
      const policy = await host.exec("cat /usr/sbin/policy-rc.d* 2>/dev/null || true");
      return [`runs ${version}, priority ${priority}`, packages, policy].filter((part) => part !== "").join("; ");
    }),
  );
}

/**
 * Offers a host packages of a release under a newer revision, with one line more at the beginning of the server's
 * script `postinst`: as a package that somebody has built wrong.
 */
export async function offerRevision(host: FleetHost, pool: string, version: string, line: string): Promise<void> {
  await host.exec(
    `set -e
    rm -rf /opt/rebuilt /tmp/rebuilt; mkdir -p /opt/rebuilt
    for p in redis-server redis-sentinel redis-tools; do
      f=$(ls /opt/pools/${pool}/$p\\_*${version}*.deb | sort -V | tail -n 1)
      rm -rf /tmp/rebuilt; dpkg-deb -R "$f" /tmp/rebuilt
      old=$(dpkg-deb -f "$f" Version); new=$old.1
      sed -i "s/^Version: .*/Version: $new/; s/(= [^)]*)/(= $new)/g" /tmp/rebuilt/DEBIAN/control
      [ "$p" != redis-server ] || sed -i '2i ${line}' /tmp/rebuilt/DEBIAN/postinst
      dpkg-deb -Znone -b --root-owner-group /tmp/rebuilt /opt/rebuilt/$p.deb >/dev/null
      { dpkg-deb -f /opt/rebuilt/$p.deb; echo "Filename: ./$p.deb"
        echo "Size: $(stat -c %s /opt/rebuilt/$p.deb)"; echo "SHA256: $(sha256sum </opt/rebuilt/$p.deb | cut -d' ' -f1)"; echo; } >>/opt/rebuilt/Packages
    done
    echo 'deb [trusted=yes] file:/opt/rebuilt ./' >/etc/apt/sources.list.d/rebuilt.list
    apt-get -qq update`,
    { timeoutMs: 600_000 },
  );
}

/** Takes that away again. */
export async function withdrawRevision(host: FleetHost): Promise<void> {
  await host.exec("rm -rf /opt/rebuilt /etc/apt/sources.list.d/rebuilt.list; apt-get -qq update");
}
