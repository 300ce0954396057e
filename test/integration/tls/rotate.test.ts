import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect as dial } from "node:tls";
import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../../src/lab/shape.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { startLoad } from "../../support/rotations.ts";
import { until } from "../../support/until.ts";

function run(lab: TestLab, ...words: string[]): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha([...words, "--yes", "--json", "--file", lab.file], { env });
}

/** The certificate that every server and Sentinel shows, and who signed it. */
async function shown(lab: TestLab): Promise<Record<string, { serial: string; by: string }>> {
  const nodes = lab.status.processes.filter(({ service }) => service !== "sshd");
  const entries = nodes.map(async ({ id, address, port }) => {
    const socket = dial({ host: address, port, rejectUnauthorized: false });
    await new Promise((resolve, reject) => socket.once("secureConnect", resolve).once("error", reject));
    const { serialNumber, issuerCertificate } = socket.getPeerCertificate(true);
    socket.destroy();
    return [id, { serial: serialNumber, by: issuerCertificate?.fingerprint256 ?? "" }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function operator(lab: TestLab): Promise<string> {
  return (await readFile(join(lab.status.folder, "secrets", "operator.password"), "utf8")).trim();
}

describe.concurrent("a rotation of certificates under load", () => {
  it.each<LabOptions & { engine: string }>([
    { engine: "redis-6.0", topology: "replication" },
    { engine: "redis-7.0", topology: "sentinel" },
    { engine: "redis-8.0", topology: "cluster" },
    { engine: "valkey-8.1", topology: "replication" },
    { engine: "valkey-9.1", topology: "sentinel" },
  ])("fails no command and cuts no client: $engine $topology", async (options) => {
    await using lab = await bringUpLab({ ...options, tls: true, auth: "acl" } as never);
    const before = await shown(lab);
    const load = startLoad(lab, await operator(lab));
    await until(async () => load.done() > 50).catch(() => expect(load.failed.slice(0, 3)).toEqual([]));
    const { code, stdout, stderr } = await run(lab, "rotate", "--only", "certificates");
    expect(code, `${stderr} ${stdout}`).toBe(0);
    const done = load.done();
    await until(async () => load.done() > done + 50);
    await load.stop();
    expect(load.failed).toEqual([]);
    const after = await shown(lab);
    for (const [id, { serial }] of Object.entries(after)) expect(serial, id).not.toBe(before[id]?.serial);
    expect(JSON.parse(stdout).result.certificates).toHaveLength(
      new Set(lab.status.processes.map(({ host }) => host)).size,
    );
    const journal = await readFile(JSON.parse(stdout).result.journal, "utf8");
    expect(journal + stdout).not.toContain("PRIVATE KEY");
  });

  it("takes a new authority in the place of the old one, and status says when certificates end", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", engine: "redis-7.0", tls: true, auth: "acl" });
    const before = await shown(lab);
    const load = startLoad(lab, await operator(lab));
    const { code, stdout, stderr } = await run(lab, "rotate", "--only", "certificates", "--new-authority", "--now");
    expect(code, `${stderr} ${stdout}`).toBe(0);
    await load.stop();
    expect(load.failed).toEqual([]);
    const after = await shown(lab);
    const authorities = (all: typeof after) => new Set(Object.values(all).map(({ by }) => by));
    expect(authorities(after).size).toBe(1);
    expect([...authorities(after)]).not.toEqual([...authorities(before)]);
    const trusted = await readFile(join(lab.status.folder, "tls", "ca.crt"), "utf8");
    expect(trusted.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);

    const text = await readFile(lab.file, "utf8");
    await writeFile(lab.file, text.replace("mode: required,", "mode: required, warn_before: 400d,"));
    const status = await redisha(["status", "--json", "--file", lab.file]);
    expect(status.code).toBe(9);
    const { findings } = JSON.parse(status.stdout).result.verdict;
    expect(findings.map(({ id }: { id: string }) => id)).toEqual(["certificate_expires"]);
  });
});
