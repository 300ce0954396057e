import { describe, expect, it } from "vitest";
import type { Deployment } from "../../../src/inventory/model.ts";
import { KUBERNETES } from "../../../src/render/kinds/kubernetes/catalog.ts";
import { declared } from "../../support/declared.ts";
import { CASES, deploymentOf, manifestsOf } from "../../support/manifests.ts";

describe.each(CASES)("%s for a %s deployment", (name, topology, kinds) => {
  it("names the secret that holds the password, and leaves the class of storage to whom names one", async () => {
    const found = await manifestsOf(name, topology, { storage_class: "local-path", secret: "elsewhere" });
    expect(found.map(({ kind }) => kind)).toEqual(kinds.filter((kind) => kind !== "StorageClass"));
    expect(JSON.stringify(found)).toContain("elsewhere");
    expect(JSON.stringify(found)).toContain("local-path");
  });
});

describe("manifests for Kubernetes", () => {
  it("give every server room beyond its data, and keep servers apart by zones where there are enough", async () => {
    const [failover] = await manifestsOf("kubernetes-spotahome", "sentinel");
    expect(failover?.spec?.redis).toMatchObject({
      replicas: 3,
      image: "redis:7.0",
      customConfig: ["maxmemory 6442450944", "maxmemory-policy allkeys-lru", "appendonly yes"],
      resources: { limits: { memory: "9216Mi" } },
      storage: { persistentVolumeClaim: { spec: { resources: { requests: { storage: "24576Mi" } } } } },
    });
    expect(JSON.stringify(failover)).toContain("topology.kubernetes.io/zone");
    const [onHosts] = await manifestsOf("kubernetes-spotahome", "sentinel", { spread: "host" });
    expect(JSON.stringify(onHosts)).not.toContain("topology.kubernetes.io/zone");
  });

  it("make a Cluster of as many primaries and replicas as are declared", async () => {
    const [, cluster] = await manifestsOf("kubernetes-opstree", "cluster");
    expect(cluster?.spec).toMatchObject({
      clusterSize: 3,
      redisLeader: { replicas: 3 },
      redisFollower: { replicas: 3 },
    });
  });

  it("are refused where nothing says how much memory there is to be, and for topologies that a kind lacks", async () => {
    const bare = await declared({ topology: "sentinel", auth: "none", tls: false });
    const render = async (name: string, deployment: Deployment) =>
      KUBERNETES.find((each) => each.name === name)?.render(deployment, {});
    await expect(render("kubernetes-opstree", bare)).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
    const cluster = await deploymentOf("cluster");
    await expect(render("kubernetes-spotahome", cluster)).rejects.toMatchObject({ code: "RENDER_UNDECLARED" });
  });
});
