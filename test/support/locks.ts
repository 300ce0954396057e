/** Hosts for locks: real sshds on one machine, each with a connection of its own per taker, as two laptops have. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectHost } from "../../src/connect/hosts.ts";
import type { HostConnection } from "../../src/connect/types.ts";
import { targetLockName } from "../../src/engine/lock/lock-name.ts";
import type { LockOptions } from "../../src/engine/lock/take-lock.ts";
import type { Deployment, Host } from "../../src/inventory/model.ts";
import { type Sshd, startSshd } from "./sshd.ts";

/** A deployment of hosts with sshds; `name` is not used by anybody else. */
export async function startHosts(addresses: readonly string[]): Promise<LockHosts> {
  const sshds = await Promise.all(addresses.map((address, index) => startSshd({ host: `r${index + 1}`, address })));
  return new LockHosts(sshds);
}

export class LockHosts {
  readonly sshds: readonly Sshd[];
  readonly deployment: Deployment;

  constructor(sshds: readonly Sshd[]) {
    this.sshds = sshds;
    const hosts = sshds.map((sshd): Host => ({ name: sshd.host, address: sshd.address, ssh: sshd.target().ssh }));
    this.deployment = deploymentOf(`locktest-${randomBytes(4).toString("hex")}`, hosts);
  }

  /** Where the lock on a host is. */
  directory(index: number): string {
    const host = this.deployment.hosts[index];
    if (!host) throw new Error(`no host ${index}`);
    return join("/run/lock/redisha", targetLockName(this.deployment.name, host));
  }

  async stop(): Promise<void> {
    await Promise.all(this.sshds.map((sshd) => sshd.stop()));
    this.deployment.hosts.forEach((_, index) => {
      rmSync(this.directory(index), { recursive: true, force: true });
    });
  }
}

/** One laptop: a state directory and connections of its own. */
export class Laptop {
  readonly name: string;
  readonly state = mkdtempSync(join(tmpdir(), "redisha-laptop-"));
  readonly warnings: string[] = [];
  readonly #deployment: Deployment;
  readonly #connections = new Map<string, Promise<HostConnection>>();

  constructor(deployment: Deployment, name: string) {
    this.#deployment = deployment;
    this.name = name;
  }

  readonly shell = async (host: Host): Promise<HostConnection> => {
    const known = await this.#connections.get(host.name)?.catch(() => undefined);
    if (known && !known.closed) return known;
    const { name, address, ssh } = host;
    if (ssh === "none") throw new Error("no SSH");
    const opening = connectHost({ host: name, address, ssh });
    this.#connections.set(name, opening);
    return opening;
  };

  options(run: string, changes: Partial<LockOptions> = {}): LockOptions {
    return {
      deployment: this.#deployment,
      hosts: this.#deployment.hosts,
      shell: this.shell,
      run,
      leaseMs: 30_000,
      stateDirectory: this.state,
      scope: "cluster",
      onConflict: "fail",
      user: `user-${this.name}`,
      controller: this.name,
      signal: new AbortController().signal,
      warn: (message) => this.warnings.push(message),
      ...changes,
    };
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#connections.values());
    await Promise.all(opened.map((each) => (each.status === "fulfilled" ? each.value.close() : undefined)));
    rmSync(this.state, { recursive: true, force: true });
  }
}

export function deploymentOf(name: string, hosts: readonly Host[]): Deployment {
  return {
    name,
    file: "/nowhere/redisha.yaml",
    kind: "replication",
    engine: { name: "redis" },
    hosts,
    instances: [],
    config: {},
    auth: { data: {}, sentinel: {} },
    redisVia: "direct",
    timeouts: { connectMs: 5_000, commandMs: 5_000 },
  };
}
