import type { FleetHost } from "./host.ts";
import { ensurePool, POOLS_IN_HOST, type PoolName } from "./pools.ts";
import type { Suite } from "./tree.ts";

/** Which pool gives hosts of which suite a release of the server. */
const RELEASES = {
  "redis-6.0": { bullseye: "bullseye", bookworm: "bookworm-from-bullseye" },
  "redis-7.0": { bookworm: "bookworm" },
  "redis-8.0": { bookworm: "bookworm-from-trixie", trixie: "trixie" },
  "valkey-8.0": { bookworm: "bookworm-backports" },
  "valkey-8.1": { bookworm: "bookworm-from-trixie-valkey", trixie: "trixie" },
  "valkey-9": { trixie: "trixie-from-forky" },
} as const satisfies Record<string, Partial<Record<Suite, PoolName>>>;

export type Release = keyof typeof RELEASES;

export function isRelease(name: string): name is Release {
  return Object.hasOwn(RELEASES, name);
}

/** The pool that a host takes a release from; fails where there is none for its suite. */
function poolOf(release: Release, suite: Suite): PoolName {
  const pools: Partial<Record<Suite, PoolName>> = RELEASES[release];
  const pool = pools[suite];
  if (!pool) throw new Error(`${release} has no packages for ${suite}, only for ${Object.keys(pools).join(", ")}`);
  return pool;
}

/** Adds a pool to what apt of a host can install from, beside what it has. */
export async function offerPool(host: FleetHost, pool: PoolName): Promise<void> {
  await ensurePool(pool);
  const line = `deb [trusted=yes] file:${POOLS_IN_HOST}/${pool} ./`;
  await host.exec(
    `list=/etc/apt/sources.list; grep -qxF '${line}' $list || echo '${line}' >>$list; apt-get -qq update`,
  );
}

/**
 * Installs server and Sentinel of a release as an administrator would: Debian's packages start and enable both services.
 * The newest version that the pools have of it. Returns that version, as dpkg has it.
 */
export async function installRelease(host: FleetHost, release: Release): Promise<string> {
  await offerPool(host, poolOf(release, host.suite));
  const { product, version } = parts(release);
  const names = ["server", "sentinel", "tools"].map((part) => `${product}-${part}`);
  const found = await host.exec(`apt-cache madison ${product}-server | cut -d'|' -f2 | tr -d ' ' | sort -rV`);
  const newest = found.split("\n").find((each) => each.replace(/^\d+:/, "").startsWith(`${version}.`));
  if (!newest) throw new Error(`${host.name} is offered no ${release}, only ${found.replaceAll("\n", ", ")}`);
  await host.exec(
    `apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install ${names.map((name) => `${name}=${newest}`).join(" ")}`,
    { timeoutMs: 180_000 },
  );
  return newest;
}

/** `redis-7.0` is the product redis in version 7.0. */
export function parts(release: Release): { readonly product: "redis" | "valkey"; readonly version: string } {
  const [product, version = ""] = release.split("-");
  return { product: product === "valkey" ? "valkey" : "redis", version };
}
