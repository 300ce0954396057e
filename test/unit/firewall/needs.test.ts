import { describe, expect, it } from "vitest";
import { readView } from "../../../src/actions/firewall/look.ts";
import { needsOf, peersOf } from "../../../src/firewall/needs.ts";
import { parseNetwork } from "../../../src/firewall/network.ts";
import type { Deployment, Host, Instance, TopologyKind } from "../../../src/inventory/model.ts";

const hosts: Host[] = ["r1", "r2"].map((name, at) => ({ name, address: `10.0.0.${at + 1}`, ssh: "local" }));

function deploymentOf(kind: TopologyKind, config: Record<string, string> = {}): Deployment {
  const instances = hosts.map(
    (host): Instance => ({
      ...{ id: `${host.name}:6379`, kind: "data", host, address: host.address, port: 6379, initialPrimary: false },
    }),
  );
  return {
    ...{ name: "prod", file: "redisha.yaml", kind, engine: { name: "redis" }, hosts, instances, config },
    ...{ auth: { data: {}, sentinel: {} }, redisVia: "ssh", timeouts: { connectMs: 1, commandMs: 1 } },
    firewall: { manager: "ufw", trusted: ["10.9.0.0/16"], clients: ["10.8.0.1", "10.9.0.0/16"] },
  };
}

function lines(deployment: Deployment): string[] {
  const from = parseNetwork("192.0.2.7");
  const [host] = hosts;
  if (!from || !host) throw new Error("no host");
  const peers = peersOf(deployment, host).flatMap((peer) => parseNetwork(peer) ?? []);
  const view = { session: { from, port: 2222 }, sshPorts: [22], peers };
  return needsOf(deployment, host, view).map((need) => `${need.kind} ${need.from.text} ${need.port}`);
}

describe("who has to get in", () => {
  it("is the operator by SSH first, then hosts, trusted and clients; who is named twice, once", () => {
    expect(lines(deploymentOf("replication"))).toEqual([
      "ssh 192.0.2.7 22",
      "ssh 192.0.2.7 2222",
      "ssh 10.9.0.0/16 22",
      "ssh 10.9.0.0/16 2222",
      "deployment 10.0.0.2 6379",
      "others 10.9.0.0/16 6379",
      "others 10.8.0.1 6379",
    ]);
  });

  it("does not reach the bus of a Cluster as a client", () => {
    const bus = (config: Record<string, string>, port: number) =>
      lines(deploymentOf("cluster", config)).filter((line) => line.endsWith(` ${port}`));
    expect(bus({}, 16379)).toEqual(["deployment 10.0.0.2 16379", "others 10.9.0.0/16 16379"]);
    expect(bus({ "cluster-port": "7000" }, 7000)).toHaveLength(2);
  });
});

describe("what a host says of its firewall", () => {
  const said = [
    ...["== ufw", "/usr/sbin/ufw", "== status", "Status: active", "== default", "IPV6=yes"],
    ...['DEFAULT_INPUT_POLICY="ACCEPT"', "== rules4", "== rules6", "== other", "== sshd", "22", "2222", "== listening"],
    'tcp LISTEN 0 128 0.0.0.0:80 0.0.0.0:* users:(("nginx",pid=1,fd=3))',
    ...["tcp LISTEN 0 128 127.0.0.1:25 0.0.0.0:*", "udp UNCONN 0 0 [::]:53 [::]:*"],
    ...["== peers", "10.0.0.2", "unknown r9", ""],
  ].join("\n");

  it("is read with where the session comes from, in IPv4 also where sshd writes it as IPv6", () => {
    const view = readView(said, "::ffff:192.0.2.7 50000 10.0.0.1 2222");
    expect(view).toMatchObject({ installed: true, active: true, ipv6: true, policy: "accept", sshPorts: [22, 2222] });
    expect(view.session).toMatchObject({ from: { text: "192.0.2.7" }, port: 2222 });
    expect(view.unknown).toEqual(["r9"]);
    expect(view.listening).toEqual([
      { proto: "tcp", port: 80, program: "nginx" },
      { proto: "udp", port: 53, program: "" },
    ]);
  });
});
