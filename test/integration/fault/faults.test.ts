import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { partitionName } from "../../../src/actions/fault/partition-rules.ts";
import type { LabOptions } from "../../../src/lab/shape.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { Workplace } from "../../support/runs.ts";
import { until } from "../../support/until.ts";

const execute = promisify(execFile);

let lab: TestLab;
let place: Workplace;

afterEach(async () => {
  await lab.down();
});

async function start(options: Omit<LabOptions, "root"> = {}): Promise<void> {
  lab = await bringUpLab(options);
  place = Workplace.at(lab.file);
}

const steps = (text: string) => `apiVersion: redisha/v1
kind: Runbook
metadata: { name: test, version: "1.0.0", description: For a test }
requires: { topology: [sentinel, cluster] }
concurrency: { lock: none }
vars:
  victim: topo.shards[0].primary_id
  shard: topo.shards[0].id
steps:
${text}
`;

const fault = (action: string, undo: string, input = "{}") => `
  - id: fault
    action: fault.${action}
    targets: { role: data, where: host.id == vars.victim, limit: 1 }
    with: ${input}
    undo: { action: fault.${undo}, armed: 30s }`;

const promoted = `
  - id: promoted
    action: wait_for
    with: { interval: 200ms }
    until: topo.shards.exists(s, s.id == vars.shard && s.primary_id != null && s.primary_id != vars.victim && topo.nodes.exists(n, n.id == s.primary_id && n.up))
    timeout: 40s`;

const heal = (action: string, input: string, follow = '"${{ topo.primary_id }}"') => `
  - id: heal
    action: fault.${action}
    targets: { role: data, where: host.id == vars.victim, limit: 1 }
    with: { ${input}, follow: ${follow} }
    undo: none
    disarm: fault`;

const back = `
  - id: back
    action: wait_for
    with: { interval: 200ms }
    until: topo.nodes.all(n, n.up && (n.role == "primary" || n.link_up == true)) && topo.nodes.exists(n, n.id == vars.victim && n.role == "replica")
    timeout: 40s`;

const MODES = {
  hang: [
    fault("hang", 'resume, with: { process: "${{ before.process }}" }'),
    heal("resume", 'process: "${{ steps.fault.outputs }}"'),
  ],
  crash: [
    fault("crash", 'start, with: { server: "${{ before.server }}" }'),
    heal("start", 'server: "${{ steps.fault.outputs.server }}"'),
  ],
  partition: [
    fault("partition", 'reconnect, with: { name: "${{ before.name }}" }', "{ from: peers }"),
    heal("reconnect", 'name: "${{ steps.fault.outputs.name }}"'),
  ],
  partition_all: [
    fault("partition", 'reconnect, with: { name: "${{ before.name }}" }', "{ from: all }"),
    heal("reconnect", 'name: "${{ steps.fault.outputs.name }}"'),
  ],
} as const;

/** What the old primary did since its last start, by its own log. */
const logOf = (id: string) =>
  readFileSync(`${lab.status.folder}/hosts/${id.replace(":", "/")}/redis.log`, "utf8").toLowerCase();

describe("a fault on Sentinel's primary", () => {
  for (const [mode, [hurt, mend]] of Object.entries(MODES)) {
    it(`${mode}: makes Sentinel promote another, and the old one comes back as a replica that never served as primary`, async () => {
      await start({ auth: "acl", tls: mode === "crash" });
      const { summary } = await place.run(steps(`${hurt}${promoted}${mend}${back}`));
      expect(summary).toMatchObject({ status: "done", error: null });
      // Told to follow by redisha, and not by a Sentinel ten seconds later.
      expect(logOf("r1:6379")).not.toContain("sentinel-");
      expect(await lab.cli("r1:6379", "ROLE")).toContain("slave");
      const table = partitionName({ address: addressOf(lab, "r1"), port: 6379 });
      expect((await execute("nft", ["list", "tables"])).stdout).not.toContain(table);
    });
  }
});

describe("a fault on a Cluster's primary", () => {
  for (const [mode, [hurt, mend]] of Object.entries(MODES)) {
    it(`${mode}: makes its replica take over, and the old one comes back as a replica`, async () => {
      await start({ topology: "cluster", auth: "acl" });
      const { summary } = await place.run(
        steps(`${hurt}${promoted}${mend.replace('"${{ topo.primary_id }}"', "null")}${back}`),
      );
      expect(summary).toMatchObject({ status: "done", error: null });
    });
  }
});

describe("a partition", () => {
  it("from peers lets clients and SSH through, from all only SSH, and neither touches another server of the machine", async () => {
    // Long enough that nobody is promoted meanwhile.
    await start({ downAfterMs: 60_000 });
    await using other = await bringUpLab({ topology: "replication" });
    const r1 = addressOf(lab, "r1");
    const r2 = addressOf(lab, "r2");
    const seen: string[] = [];
    // Nothing here may stand still: the run is in this process, and its connections would be late by as long.
    const cli = async (from: string, to: string, port = 6379) =>
      (await execute("python3", ["-c", FROM, from, to, String(port)])).stdout.trim();
    const name = partitionName({ address: r1, port: 6379 });
    const stands = async () => (await execute("nft", ["list", "tables"])).stdout.includes(name);
    const look = async () => {
      const found = await Promise.all([
        ...[cli("127.0.0.1", r1), cli(r2, r1), cli(r1, r2), cli(r2, r1, 2222), cli(r2, r1, 26379)],
        ...[cli(r2, addressOf(lab, "r3")), cli("127.0.0.1", addressOf(other, "r1"))],
      ]);
      const [client, peer, toPeer, ssh, sentinel, ...others] = found;
      seen.push(
        `client ${client}, peer ${peer}, to peer ${toPeer}, peer's ssh ${ssh}, sentinel ${sentinel}, others ${others.join(" ")}`,
      );
    };
    await look();
    for (const from of ["peers", "all"]) {
      const looked = join(lab.root, `looked-${from}`);
      const text = `${fault("partition", 'reconnect, with: { name: "${{ before.name }}" }', `{ from: ${from} }`)}
  - id: look
    action: ssh.exec
    targets: { role: data, hosts: [r2] }
    with: { argv: [sh, -c, "while [ ! -e ${looked} ]; do sleep 0.1; done"] }
    undo: none`;
      const running = place.run(steps(text));
      // A run that ends before that says why.
      await Promise.race([until(stands), running]);
      await look();
      await writeFile(looked, "");
      expect((await running).summary).toMatchObject({ status: "done" });
    }
    await look();
    const open = "client open, peer open, to peer open, peer's ssh open, sentinel open, others open open";
    expect(seen).toEqual([
      open,
      "client open, peer closed, to peer closed, peer's ssh open, sentinel closed, others open open",
      "client closed, peer closed, to peer closed, peer's ssh open, sentinel closed, others open open",
      open,
    ]);
  });
});

/** Connects from one address to another. */
const FROM = `
import socket, sys
s = socket.socket()
s.settimeout(0.7)
s.bind((sys.argv[1], 0))
try:
    s.connect((sys.argv[2], int(sys.argv[3])))
    print("open")
except OSError:
    print("closed")
`;

describe("what a fault refuses", () => {
  it("is to kill a primary that keeps nothing on disk, since it would come back empty and empty the others", async () => {
    await start({ config: { save: "" } });
    const { summary } = await place.run(steps(MODES.crash[0]));
    expect(summary).toMatchObject({ status: "failed", exit: 4, error: { code: "FAULT_WOULD_EMPTY" } });
    expect(await lab.cli("r1:6379", "PING")).toBe("PONG");
  });

  it("is to reboot a host whose servers nothing would start again", async () => {
    await start();
    const { summary } = await place.run(
      steps("  - { id: reboot, action: fault.reboot, targets: { role: primary }, undo: none }"),
    );
    expect(summary).toMatchObject({ status: "failed", exit: 4, error: { code: "FAULT_NOT_ENABLED" } });
  });
});
