import { expect, it } from "vitest";
import { renderDeployment } from "../../../src/init/render-files.ts";
import { deploymentOf, file } from "../inventory/support.ts";

const LOGIN = "{ password: { env: PASSWORD } }";
const NAMED = "address: redis-1.internal";
const BESIDE = `${NAMED}, redis_address: 10.0.0.1`;

/** Files of a Cluster whose first host is known by a name; gives those of redis.conf that say so. */
async function rendered(version: string, host: string, ...more: string[]): Promise<string> {
  const text = file(
    ...["topology: cluster", `engine: { version: "${version}" }`, "redis: { on: [r1, r2, r3] }"],
    `hosts: { r1: { ${host} }, r2: { address: 10.0.0.2 }, r3: { address: 10.0.0.3 } }`,
    ...["auth: { operator: { username: ops, password: { env: PASSWORD } } }", `users: { replication: ${LOGIN} }`],
    ...more,
  );
  const deployment = await deploymentOf(text, { env: { HOME: "/home/ops", PASSWORD: "s3cret" } });
  const { files } = await renderDeployment(deployment);
  return files.find(({ host: name, path }) => name === "r1" && path.endsWith("/redis.conf"))?.content ?? "";
}

it("nodes before 7.0, which know no names, are not given any", async () => {
  await expect(rendered("6.0", NAMED)).rejects.toMatchObject({ code: "INIT_CLUSTER_NAMES", exit: 2 });
  await expect(rendered("6.2", NAMED)).rejects.toMatchObject({ code: "INIT_CLUSTER_NAMES" });
  expect(await rendered("6.0", BESIDE)).toContain("cluster-announce-ip 10.0.0.1");
  expect(await rendered("7.0", NAMED)).toContain("cluster-announce-hostname redis-1.internal");
});

it("the bus of nodes before 7.0, which stays where their port is, is not asked to move to TLS on another port", async () => {
  const tls = "tls: { authority: {}, port_offset: 1000 }";
  await expect(rendered("6.0", "address: 10.0.0.1", tls)).rejects.toMatchObject({ code: "INIT_CLUSTER_BUS", exit: 2 });
  expect(await rendered("7.0", "address: 10.0.0.1", tls)).toContain("cluster-port 16379");
});
