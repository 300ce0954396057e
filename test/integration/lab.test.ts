import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { labUpResultSchema } from "../../src/lab/results.ts";
import { ENGINES } from "../support/engines.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { processesNaming } from "../support/processes.ts";
import { until } from "../support/until.ts";

const TOPOLOGIES = ["replication", "sentinel", "cluster"] as const;
const SECURITY = [
  { tls: false, auth: "none" },
  { tls: true, auth: "none" },
  { tls: false, auth: "password" },
  { tls: false, auth: "acl" },
  { tls: true, auth: "acl" },
] as const;

describe.each(TOPOLOGIES)("a %s lab", (topology) => {
  test.each(SECURITY)("works with TLS $tls and auth $auth, and is gone afterwards", async (security) => {
    const lab = await bringUpLab({ topology, ...security });
    try {
      expect(labUpResultSchema.parse(lab.status).processes.filter((each) => each.state !== "running")).toEqual([]);
      await expectToWork(lab);
      await expectNoSecretInArguments(lab);
      await expectInventoryToLoad(lab);
      await expectSshToReach(lab);
    } finally {
      await lab.down();
    }
    expect(processesNaming(lab.root)).toEqual([]);
  });
});

describe.each(ENGINES.filter((engine) => engine !== "redis-7.0"))("with %s", (engine) => {
  test.each(TOPOLOGIES)("a %s lab works with TLS and ACL", async (topology) => {
    await using lab = await bringUpLab({ topology, engine, tls: true, auth: "acl" });
    expect(engine).toBe(`${lab.status.engine.name}-${lab.status.engine.version.split(".").slice(0, 2).join(".")}`);
    await expectToWork(lab);
    await expectInventoryToLoad(lab);
  });
});

describe.each(ENGINES)("with %s", (engine) => {
  test("Sentinels with users of their own can carry out a failover", async () => {
    await using lab = await bringUpLab({ engine, tls: true, auth: "acl" });
    await lab.kill("r1:6379");
    const primaries = new Set<string>();
    await until(async () => {
      primaries.clear();
      for (const host of ["r1", "r2", "r3"]) {
        const answer = await lab.cli(`${host}:26379`, "SENTINEL", "get-master-addr-by-name", "mymaster");
        primaries.add(answer.split("\n")[0] ?? "");
      }
      return primaries.size === 1 && !primaries.has(addressOf(lab, "r1"));
    });
    expect([addressOf(lab, "r2"), addressOf(lab, "r3")]).toContain([...primaries][0]);
  });
});

test("a lab has the hosts that were asked for: extra Sentinels stand alone, a sub-replica follows a replica", async () => {
  await using lab = await bringUpLab({ replicas: 1, subReplica: true, sentinels: 5 });
  const placed = lab.status.processes.filter((each) => each.service !== "sshd").map((each) => each.id);
  expect(placed).toEqual(["r1:6379", "r1:26379", "r2:6379", "r2:26379", "r3:6379", "r3:26379", "s4:26379", "s5:26379"]);
  expect(await lab.cli("r3:6379", "INFO", "replication")).toContain(`master_host:${addressOf(lab, "r2")}\n`);
  expect(await lab.cli("s5:26379", "SENTINEL", "ckquorum", "mymaster")).toMatch(/^OK 5 usable Sentinels/);
});

test("directives that were asked for reach every data node and redisha.yaml", async () => {
  await using lab = await bringUpLab({ topology: "replication", config: { maxmemory: "64mb", appendonly: "yes" } });
  for (const id of ["r1:6379", "r2:6379", "r3:6379"]) {
    expect(await lab.cli(id, "CONFIG", "GET", "appendonly")).toBe("appendonly\nyes");
  }
  const { deployments } = await loadInventory(lab.file);
  expect(JSON.stringify([...deployments])).toContain("64mb");
});

async function expectToWork(lab: TestLab): Promise<void> {
  const data = lab.status.processes.filter((each) => each.service === "redis");
  const roles = await Promise.all(data.map(async ({ id }) => (await lab.cli(id, "ROLE")).split("\n")));
  const replicas = roles.filter(([role]) => role === "slave");
  expect(roles.filter(([role]) => role === "master")).toHaveLength(lab.status.topology === "cluster" ? 3 : 1);
  expect(replicas).toHaveLength(data.length - (roles.length - replicas.length));
  expect(replicas.filter(([, , , link]) => link !== "connected")).toEqual([]);

  // In a cluster the first node sends the client to the owner, by the address that this announces.
  expect(await lab.cli("r1:6379", "SET", "greeting", "hello")).toContain("OK");
  await until(async () => (await lab.cli("r2:6379", "GET", "greeting")).includes("hello"));

  for (const { id } of lab.status.processes.filter((each) => each.service === "sentinel")) {
    expect(await lab.cli(id, "SENTINEL", "ckquorum", "mymaster")).toMatch(/^OK 3 usable Sentinels/);
    expect((await lab.cli(id, "SENTINEL", "replicas", "mymaster")).match(/^master-link-status\nok$/gm)).toHaveLength(2);
  }
}

/** What every user of the machine can read must hold no password. */
async function expectNoSecretInArguments(lab: TestLab): Promise<void> {
  if (lab.status.auth === "none") return;
  const secrets = readdirSync(join(lab.status.folder, "secrets")).map((file) =>
    readFileSync(join(lab.status.folder, "secrets", file), "utf8").trim(),
  );
  const visible = lab.status.processes.map(({ pid }) => readFileSync(`/proc/${pid}/cmdline`, "utf8")).join("\n");
  expect(secrets.filter((secret) => secret.length < 20 || visible.includes(secret))).toEqual([]);
}

async function expectInventoryToLoad(lab: TestLab): Promise<void> {
  const { deployments, warnings } = await loadInventory(lab.file);
  expect(warnings).toEqual([]);
  const [deployment] = deployments.values();
  const declared = deployment?.instances
    .map((instance) => `${instance.id} ${instance.address}:${instance.port}`)
    .sort();
  const running = lab.status.processes.filter((each) => each.service !== "sshd");
  expect(declared).toEqual(running.map((each) => `${each.id} ${each.address}:${each.port}`).sort());
}

async function expectSshToReach(lab: TestLab): Promise<void> {
  const { stdout } = await promisify(execFile)("ssh", [
    "-F",
    join(lab.status.folder, "ssh", "config"),
    "r2",
    "echo $SSH_CONNECTION",
  ]);
  expect(stdout).toContain(`${addressOf(lab, "r2")} 2222`);
}

function addressOf(lab: TestLab, host: string): string {
  return lab.status.processes.find((each) => each.host === host)?.address ?? "";
}
