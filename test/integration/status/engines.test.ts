import { describe, expect, it } from "vitest";
import { ENGINES } from "../../support/engines.ts";
import { bringUpLab } from "../../support/lab.ts";
import { look } from "../../support/status.ts";

const TOPOLOGIES = ["replication", "sentinel", "cluster"] as const;
const ACCESS = [
  { tls: false, auth: "none" },
  { tls: true, auth: "none" },
  { tls: false, auth: "acl" },
  { tls: true, auth: "acl" },
] as const;
const [OPEN, , , LOCKED] = ACCESS;

const onOne = TOPOLOGIES.flatMap((topology) =>
  ACCESS.map((access) => ({ engine: "redis-7.0" as const, topology, ...access })),
);
const onAll = ENGINES.filter((engine) => engine !== "redis-7.0").flatMap((engine) =>
  (["sentinel", "cluster"] as const).flatMap((topology) =>
    [OPEN, LOCKED].map((access) => ({ engine, topology, ...access })),
  ),
);
const others = ENGINES.filter((engine) => engine !== "redis-7.0").map((engine) => ({
  engine,
  topology: "replication" as const,
  ...LOCKED,
}));

describe("a healthy deployment is called healthy, over SSH tunnels:", () => {
  it.each([...onOne, ...onAll, ...others])("$topology of $engine, tls $tls, auth $auth", async (options) => {
    await using lab = await bringUpLab({ ...options, downAfterMs: 10_000 });
    const { exit, state, topology, verdict } = await look(lab.file);
    expect({ exit, state, findings: verdict.findings.filter(({ severity }) => severity !== "info") }).toEqual({
      exit: 0,
      state: "healthy",
      findings: [],
    });
    const [name, version] = options.engine.split("-");
    for (const node of topology.nodes) {
      expect(node).toMatchObject({ via: "ssh", engine: name, up: true, refused: [] });
      expect(node.version).toMatch(new RegExp(`^${version}\\.`));
      expect(node.role === "replica" ? node.link_up : node.writable).toBe(true);
    }
    for (const sentinel of topology.sentinels) expect(sentinel).toMatchObject({ via: "ssh", up: true, refused: [] });
    expect(topology.sentinels).toHaveLength(options.topology === "sentinel" ? 3 : 0);
    expect(verdict.tolerance.failures).toBe(options.topology === "replication" ? 0 : 1);
  });
});
