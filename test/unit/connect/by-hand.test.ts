import { describe, expect, it } from "vitest";
import { redisCliByHand, shellByHand, typedOver } from "../../../src/connect/by-hand.ts";
import { redisCliOf, shellOf } from "../../../src/inventory/by-hand.ts";
import type { Host, Instance } from "../../../src/inventory/model.ts";

const SSH = { adapter: "ssh2", become: "none", connectTimeoutMs: 5_000 } as const;
const host = (ssh: Host["ssh"]): Host => ({ name: "r1", address: "10.0.1.10", ssh });
const instance = (ssh: Host["ssh"], kind: Instance["kind"] = "data"): Instance => ({
  id: "r1:6379",
  kind,
  host: host(ssh),
  address: "10.0.1.10",
  port: 6379,
  initialPrimary: false,
});
const password = () => Promise.resolve("s3cret");
const AUTH = { data: { username: "redisha", password }, sentinel: { password } };

describe("the way to a host as a person types it", () => {
  it("names user, port, key, known hosts, jump host and ssh_config, as redisha itself uses them", () => {
    const all = { ...SSH, user: "ops", port: 2222, identity: "/k/my key", knownHosts: "/k/known", jump: "bastion" };
    expect(shellOf(host({ ...all, configFile: "/k/config" }))).toBe(
      "ssh -t -F /k/config -p 2222 -i '/k/my key' -o 'UserKnownHostsFile=/k/known' -J bastion ops@10.0.1.10",
    );
  });

  it("is the address alone where ssh finds the rest, nothing on this machine, and unknown without SSH", () => {
    expect(shellByHand({ host: "r1", address: "redis-1", ssh: SSH })).toBe("ssh -t redis-1");
    expect(shellOf(host("local"))).toBe("");
    expect(shellOf(host("none"))).toBeUndefined();
  });

  it("quotes what only the far shell may read, and keeps the remark for the reader", () => {
    expect(typedOver("ssh -t r1", 'ss -ltn "sport = :6379"')).toBe(`ssh -t r1 'ss -ltn "sport = :6379"'`);
    expect(typedOver("ssh -t r1", "top -b -n 1  # a stopped (T) process")).toBe(
      "ssh -t r1 top -b -n 1  # a stopped (T) process",
    );
    expect(typedOver("", 'ss -ltn "sport = :6379"')).toBe('ss -ltn "sport = :6379"');
  });
});

describe("redis-cli as a person types it", () => {
  it("goes over SSH where redisha does, with the user, and asks for the password", () => {
    const deployment = { auth: AUTH, redisVia: "ssh", config: {} } as const;
    const ssh = { ...SSH, user: "ops" };
    expect(redisCliOf(instance(ssh), deployment)).toBe(
      "ssh -t ops@10.0.1.10 redis-cli -h 10.0.1.10 -p 6379 --user redisha --askpass",
    );
    expect(redisCliOf(instance(ssh, "sentinel"), deployment)).toBe(
      "ssh -t ops@10.0.1.10 redis-cli -h 10.0.1.10 -p 6379 --askpass",
    );
    expect(redisCliOf(instance("local"), deployment)).not.toContain("ssh");
    expect(redisCliOf(instance(ssh), { ...deployment, redisVia: "direct" })).not.toContain("ssh");
  });

  it("takes the certificates of this machine, or of the server where it runs there", () => {
    const open = { auth: { data: {}, sentinel: {} }, tls: { ca: "/here/ca.crt" } };
    const config = { "tls-ca-cert-file": "/etc/redis/ca.crt" };
    expect(redisCliOf(instance("none"), { ...open, redisVia: "direct", config })).toBe(
      "redis-cli -h 10.0.1.10 -p 6379 --tls --cacert /here/ca.crt",
    );
    expect(redisCliOf(instance(SSH), { ...open, redisVia: "ssh", config })).toContain("--cacert /etc/redis/ca.crt");
    expect(
      redisCliByHand({ address: "::1", port: 1, tls: { cert: "/c", key: "/k", serverName: "redis.example" } }),
    ).toBe("redis-cli -h ::1 -p 1 --tls --cert /c --key /k --sni redis.example");
  });
});
