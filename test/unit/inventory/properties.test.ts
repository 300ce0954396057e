import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { InvalidFileError } from "../../../src/core/errors.ts";
import { loadInventory } from "../../../src/inventory/load-inventory.ts";
import type { Deployment } from "../../../src/inventory/model.ts";
import { anyDeployment, declare } from "./any-deployment.ts";

let file: string;
beforeAll(async () => {
  file = join(await mkdtemp(join(tmpdir(), "redisha-inventory-")), "redisha.yaml");
});
afterAll(() => rm(join(file, ".."), { recursive: true }));

async function load(text: string): Promise<readonly Deployment[]> {
  await writeFile(file, text);
  return (await loadInventory(file, { env: {} })).deployments;
}

describe("any deployment", () => {
  it("is the same after it was written as redisha.yaml and read again", async () => {
    const style = fc.record({
      collectionStyle: fc.constantFrom("any", "block", "flow"),
      defaultStringType: fc.constantFrom("PLAIN", "QUOTE_DOUBLE", "QUOTE_SINGLE"),
      indent: fc.constantFrom(2, 3, 4),
      // The writer that the test uses folds long lines in the middle of a surrogate pair.
      lineWidth: fc.constant(0),
    } as const);
    const several = fc.uniqueArray(anyDeployment, { selector: ({ name }) => name, minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(several, style, async (deployments, how) => {
        const declared = Object.fromEntries(deployments.map((each) => [each.name, declare(each)]));
        const read = await load(stringify({ version: 1, deployments: declared }, how));
        expect(read).toEqual(deployments.map((each) => ({ ...each, file })));
      }),
      { numRuns: 200 },
    );
  });
});

/** Every key of the schema once, each on a line of its own. */
const EVERY_KEY = `version: 1
default: shop
deployments:
  shop:
    topology: sentinel
    master_name: mymaster
    engine:
      name: redis
      version: "7.0.15"
      source: directory
      directory: /opt/redis
    hosts:
      r1:
        address: 10.0.1.10
        redis_address: 10.0.2.10
        zone: a
        ssh:
          user: ops
    redis:
      on: [r1]
      ports: [6379]
      initial_primary: r1
      via: auto
      config: { maxmemory: 6gb }
    sentinel:
      on: [r1]
      port: 26379
      quorum: 1
      down_after: 5s
      failover_timeout: 60s
      parallel_syncs: 1
    auth:
      operator:
        username: redisha
        password:
          env: REDISHA_PASSWORD
      sentinel:
        password:
          command: [pass]
          timeout: 5s
    tls:
      mode: required
      ca: ca.crt
      cert: c.crt
      key: c.key
      server_name: redis.example
    ssh:
      adapter: ssh2
      port: 22
      identity: ~/.ssh/id_ed25519
      passphrase:
        file: passphrase
      known_hosts: ~/.ssh/known_hosts
      jump: bastion.example
      become: sudo
      connect_timeout: 5s
      config: ~/.ssh/config
    timeouts:
      connect: 3s
      command: 3s
    firewall:
      manager: ufw
      trusted: [10.0.1.0/24]
      clients: [10.0.2.0/24]
    backup:
      repository: s3://redis-backups/shop
      encrypt_to: [age1abc]
      identities: [backup.key]
      compression: 9
      bandwidth: 50mb
      minimum_redundancy: 2
      timezone: Europe/Zurich
      check:
        max_age: 26h
        min_size: 1mb
        max_shrink: 50
        verified_within: 8d
      s3:
        endpoint: https://s3.example.net
        region: zrh1
        path_style: true
        access_key: { env: ID }
        secret_key: { env: KEY }
        session_token: { env: TOKEN }
      sftp:
        user: backup
        identity: backup_ed25519
        known_hosts: known
        jump: bastion
        connect_timeout: 5s
        config: ssh_config
      retention:
        keep_last: 3
        keep_hourly: 24
        keep_daily: 7
        keep_weekly: 4
        keep_monthly: 12
        keep_yearly: 1
    drill:
      budget:
        write_outage: 15s
        lost_writes: 0
    preflight:
      waive:
        - check: tls-required
          until: 2099-12-31
          reason: later
`;

/** Names, not keys: any other name would do. */
const NAMES = ["shop", "r1"];
const lines = EVERY_KEY.split("\n");
const keys = lines.flatMap((text, index) => {
  const [, indent = "", key = ""] = /^([ -]*)([a-z_0-9]+):/.exec(text) ?? [];
  return key === "" || NAMES.includes(key) ? [] : [{ key, line: index + 1, column: indent.length + 1 }];
});
const known = new Set(keys.map(({ key }) => key));

const slips: Readonly<Record<string, (key: string, at: number) => string>> = {
  drop: (key, at) => key.slice(0, at) + key.slice(at + 1),
  double: (key, at) => key.slice(0, at + 1) + key.slice(at),
  swap: (key, at) => key.slice(0, at) + (key[at + 1] ?? "") + (key[at] ?? "") + key.slice(at + 2),
  miss: (key, at) => `${key.slice(0, at)}q${key.slice(at + 1)}`,
};

describe("any key that is misspelt", () => {
  it("is itself in order before", async () => {
    expect(keys.length).toBeGreaterThan(70);
    expect(await load(EVERY_KEY)).toHaveLength(1);
  });

  it("is reported where it stands, with the nearest right key", async () => {
    const typo = fc
      .record({ where: fc.constantFrom(...keys), at: fc.nat(30), kind: fc.constantFrom(...Object.keys(slips)) })
      .map(({ where, at, kind }) => ({ ...where, wrong: slips[kind]?.(where.key, at % where.key.length) ?? "" }))
      .filter(({ wrong, key }) => wrong !== key && wrong.length > 1 && !known.has(wrong));
    await fc.assert(
      fc.asyncProperty(typo, async ({ key, line, column, wrong }) => {
        const text = lines.map((each, index) => (index + 1 === line ? each.replace(`${key}:`, `${wrong}:`) : each));
        const error: unknown = await load(text.join("\n")).catch((thrown: unknown) => thrown);
        const problems = error instanceof InvalidFileError ? error.problems : [];
        expect(problems).toContainEqual({
          code: "INVENTORY_INVALID",
          message: `unknown key "${wrong}"`,
          hint: expect.stringMatching(/^did you mean "/),
          position: { file, line, column },
        });
        const hint = problems.find(({ message }) => message === `unknown key "${wrong}"`)?.hint;
        expect([key, ...twins(key)].map((each) => `did you mean "${each}"?`)).toContain(hint);
      }),
      { numRuns: 400 },
    );
  });
});

/** Keys of the same map that one slip may turn into each other. */
function twins(key: string): string[] {
  const pairs = [
    ["port", "ports"],
    ["connect", "command"],
    ["ca", "cert"],
  ];
  return pairs.find((pair) => pair.includes(key)) ?? [];
}
