import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import type { Deployment, TopologyKind } from "../../src/inventory/model.ts";

export interface Shape {
  readonly topology: TopologyKind;
  readonly auth: "none" | "password" | "acl";
  readonly tls: boolean;
}

/** Every topology, each without a login, with one password and with users, plain and with TLS. */
export const SHAPES: readonly Shape[] = (["replication", "sentinel", "cluster"] as const).flatMap((topology) =>
  (["none", "password", "acl"] as const).flatMap((auth) => [false, true].map((tls) => ({ topology, auth, tls }))),
);

/** A deployment of that shape on three hosts of a network that leads nowhere. `more` takes the place of what stands there. */
export async function declared(shape: Shape, more: Readonly<Record<string, unknown>> = {}): Promise<Deployment> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-declared-"));
  try {
    const file = join(folder, "redisha.yaml");
    await writeFile(file, stringify({ version: 1, deployments: { shop: { ...declaration(shape), ...more } } }));
    const { deployments } = await loadInventory(file, { env: {} });
    const [deployment] = deployments;
    if (!deployment) throw new Error("nothing is declared");
    return deployment;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function declaration({ topology, auth, tls }: Shape): Record<string, unknown> {
  const on = ["r1", "r2", "r3"];
  const password = (name: string) => ({ password: { env: `${name}_PASSWORD` } });
  const operator = { ...(auth === "acl" ? { username: "redisha" } : {}), ...password("OPERATOR") };
  const sentinel = topology === "sentinel";
  return {
    topology,
    engine: { name: "redis", version: "7.0" },
    hosts: {
      r1: { address: "192.0.2.1", zone: "a" },
      r2: { address: "192.0.2.2", zone: "b" },
      r3: { address: "192.0.2.3", zone: "c" },
    },
    redis: { on, ...(topology === "cluster" ? { ports: [7000, 7001] } : { initial_primary: "r1" }) },
    ...(sentinel ? { master_name: "shop", sentinel: { on } } : {}),
    ...(auth === "none" ? {} : { auth: { operator, ...(sentinel ? { sentinel: "same" } : {}) } }),
    ...(auth === "acl"
      ? {
          users: {
            replication: password("REPLICATION"),
            ...(sentinel ? { sentinel: password("SENTINEL") } : {}),
            exporter: password("EXPORTER"),
            applications: { cart: { ...password("CART"), keys: ["cart:*"] } },
          },
        }
      : {}),
    ...(tls ? { tls: { authority: {}, clients: "required" } } : {}),
    ssh: "none",
  };
}
