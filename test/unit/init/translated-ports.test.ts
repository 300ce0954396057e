import { expect, it } from "vitest";
import { needsOf, reachedBus } from "../../../src/firewall/needs.ts";
import { movedAddress } from "../../../src/init/moved.ts";
import { renderDeployment } from "../../../src/init/render-files.ts";
import { redisCliOf } from "../../../src/inventory/by-hand.ts";
import type { Deployment } from "../../../src/inventory/model.ts";
import { redisTargetOf } from "../../../src/inventory/redis-target.ts";
import { deploymentOf, file } from "../inventory/support.ts";

const OUTSIDE = "203.0.113.7";
/** Three hosts behind one address. */
const hostsWith = (ports: (at: number) => string) =>
  `hosts: { ${[1, 2, 3].map((at) => `r${at}: { address: 10.0.0.${at}, redis_address: ${OUTSIDE}, listen: 10.0.0.${at}, redis_ports: { ${ports(at)} } }`).join(", ")} }`;
const tls = (more: readonly string[], at: number) =>
  more.some((line) => line.startsWith("tls")) ? `7379: 1737${at}, ` : "";
const LOGIN = "{ password: { env: PASSWORD } }";
const operator = (...more: string[]) =>
  `auth: { operator: { username: ops, password: { env: PASSWORD } }${more.join("")} }`;
const USERS = `users: { replication: ${LOGIN}, sentinel: ${LOGIN} }`;

const sentinel = (...more: string[]) =>
  declared(
    ["topology: sentinel", "master_name: mymaster", "sentinel: { on: [r1, r2, r3] }"],
    hostsWith((at) => `6379: 1637${at}, ${tls(more, at)}26379: 2637${at}${more.length ? `, 27379: 2737${at}` : ""}`),
    "redis: { on: [r1, r2, r3], initial_primary: r1 }",
    operator(", sentinel: same"),
    ...more,
  );
const cluster = (version: string, ...more: string[]) =>
  declared(
    ["topology: cluster", `engine: { version: "${version}" }`],
    hostsWith((at) => `6379: 1637${at}, ${tls(more, at)}16379: 3637${at}`),
    "redis: { on: [r1, r2, r3] }",
    operator(),
    ...more,
  );
function declared(head: readonly string[], ...more: string[]): Promise<Deployment> {
  const engine = head.some((line) => line.startsWith("engine")) ? [] : ['engine: { version: "7.0" }'];
  return deploymentOf(file(...head, ...engine, USERS, ...more), { env: { HOME: "/home/ops", PASSWORD: "s3cret" } });
}

async function conf(deployment: Deployment, name: string, host = "r2"): Promise<string[]> {
  const { files } = await renderDeployment(deployment);
  const found = files.find((each) => each.host === host && each.path === `/etc/redis/${name}`);
  return (found?.content ?? "")
    .split("\n")
    .filter((line) => /port|bind |^replicaof|sentinel monitor|cluster-config/.test(line));
}

it("a server listens on its own port, and tells and is told the ports at which others are reached", async () => {
  const deployment = await sentinel();
  expect(await conf(deployment, "redis.conf")).toEqual([
    "bind 10.0.0.2 127.0.0.1 -::1",
    "replica-announce-port 16372",
    "port 6379",
    `replicaof ${OUTSIDE} 16371`,
  ]);
  expect(await conf(deployment, "sentinel.conf")).toEqual([
    "bind 10.0.0.2 127.0.0.1 -::1",
    "port 26379",
    "sentinel announce-port 26372",
    `sentinel monitor mymaster ${OUTSIDE} 16371 2`,
  ]);
});

it("redisha goes to the port of the host itself where it comes by the host, and to the other one from outside", async () => {
  const [r1] = (await sentinel()).instances;
  if (!r1) throw new Error("no instance");
  expect(r1).toMatchObject({ id: "r1:6379", address: OUTSIDE, port: 16371, listenPort: 6379 });
  const over = await sentinel();
  expect(redisTargetOf(r1, over)).toMatchObject({ address: "10.0.0.1", port: 6379 });
  expect(redisCliOf(r1, over)).toContain("-h 10.0.0.1");
  expect(redisCliOf(r1, over)).not.toContain("16371");
  expect(redisTargetOf(r1, { ...over, redisVia: "direct" })).toMatchObject({ address: OUTSIDE, port: 16371 });
});

it("the firewall opens the ports that servers listen on", async () => {
  const deployment = await cluster("7.0", "firewall: { manager: ufw, trusted: [192.0.2.1] }");
  const [host] = deployment.hosts;
  if (!host) throw new Error("no host");
  const ports = needsOf(deployment, host, { sshPorts: [22], peers: [] }).map(({ port }) => port);
  expect([...new Set(ports)]).toEqual([22, 6379, 16379]);
  expect(deployment.instances.map((each) => reachedBus(deployment, each))).toEqual([36371, 36372, 36373]);
});

const AUTHORITY = "authority: {}, port_offset: 1000";

it.each([
  ["7.0", [], { "cluster-announce-port": 16372, "cluster-announce-bus-port": 36372 }],
  // Of 7.0 on, the bus can stay where it is.
  [
    "7.0",
    [`tls: { ${AUTHORITY} }`],
    { "cluster-port": 16379, "cluster-announce-tls-port": 17372, "cluster-announce-bus-port": 36372 },
  ],
  [
    "7.0",
    [`tls: { mode: both, ${AUTHORITY} }`],
    {
      ...{ "cluster-port": 16379, "cluster-announce-port": 16372 },
      ...{ "cluster-announce-tls-port": 17372, "cluster-announce-bus-port": 36372 },
    },
  ],
  ["6.0", [], { "cluster-announce-port": 16372, "cluster-announce-bus-port": 36372 }],
])("a node of a Cluster of Redis %s tells its ports, with %j", async (version, more, wanted) => {
  const lines = (await conf(await cluster(version, ...more), "redis.conf")).filter((line) =>
    line.startsWith("cluster-"),
  );
  expect(Object.fromEntries(lines.map((line) => line.split(" ")))).toEqual({
    "cluster-config-file": "nodes-6379.conf",
    ...Object.fromEntries(Object.entries(wanted).map(([name, port]) => [name, String(port)])),
  });
});

it("TLS alone before 6.2 is told as the port of the node, which knows no other", async () => {
  const tls = "tls: { authority: {} }";
  const hosts = hostsWith((at) => `6379: 1637${at}, 16379: 3637${at}`);
  const text = file(
    ...[
      "topology: cluster",
      'engine: { version: "6.0" }',
      "redis: { on: [r1, r2, r3] }",
      hosts,
      tls,
      operator(),
      USERS,
    ],
  );
  const env = { HOME: "/home/ops", PASSWORD: "s3cret" };
  const lines = await conf(await deploymentOf(text, { env }), "redis.conf");
  expect(lines).toContain("cluster-announce-port 16372");
  expect(lines).toContain("tls-port 6379");
});

it("servers on their way to TLS are told of at the port that theirs is reached at now", async () => {
  const deployment = await sentinel(`tls: { mode: only, ${AUTHORITY} }`);
  expect(deployment.instances[0]).toMatchObject({ port: 17371, listenPort: 7379, declaredPort: 6379 });
  expect(movedAddress(`${OUTSIDE}:16371`, deployment)).toBe(`${OUTSIDE}:17371`);
});
