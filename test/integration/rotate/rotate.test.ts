import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { LabOptions } from "../../../src/lab/shape.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { connect, giveNewPasswords, startLoad } from "../../support/rotations.ts";
import { topologyOf } from "../../support/switchovers.ts";
import { until } from "../../support/until.ts";

/** ioredis ends a connection whose login is refused. */
const REFUSED = /WRONGPASS|NOAUTH|Connection is closed/;

function rotate(lab: TestLab, ...flags: string[]): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha(["rotate", "--yes", "--json", "--file", lab.file, ...flags], { env });
}

function runs(lab: TestLab, verb: string): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha(["runs", verb, "last", "--yes", "--json", "--file", lab.file], { env });
}

async function loginOn(lab: TestLab, id: string, password: string): Promise<string> {
  const node = lab.status.processes.find((each) => each.id === id);
  if (!node) throw new Error(`no ${id}`);
  try {
    const client = await connect(lab, node.address, node.port, password);
    const answer = await client.ping().catch((error: Error) => error.message);
    client.disconnect();
    return answer;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function whole(lab: TestLab): Promise<void> {
  await until(async () => {
    const { nodes, sentinels } = await topologyOf(lab);
    const linked = nodes.every(({ up, role, link_up }) => up && (role === "primary" || link_up === true));
    return linked && sentinels.every(({ up, ckquorum_ok }) => up && ckquorum_ok === true);
  });
}

describe("a rotation of passwords under load", () => {
  it.each<LabOptions & { engine: string }>([
    { engine: "redis-6.0", topology: "replication", auth: "password" },
    { engine: "redis-7.0", topology: "sentinel", auth: "password" },
    { engine: "redis-7.0", topology: "sentinel", auth: "acl" },
    { engine: "redis-7.0", topology: "cluster", auth: "acl" },
    { engine: "redis-8.0", topology: "sentinel", auth: "acl" },
    { engine: "valkey-8.1", topology: "sentinel", auth: "password" },
    { engine: "valkey-9.1", topology: "sentinel", auth: "acl" },
  ])("fails no command, of whoever has the old or the new one: $engine $topology $auth", async (options) => {
    await using lab = await bringUpLab(options as never);
    const passwords = await giveNewPasswords(lab);
    const old = startLoad(lab, passwords.old);
    const paused = await rotate(lab);
    expect({ code: paused.code, stderr: paused.code === 7 ? "" : paused.stderr }).toEqual({ code: 7, stderr: "" });
    const fresh = startLoad(lab, passwords.new);
    await until(async () => fresh.done() > 200);
    await old.stop();
    const resumed = await runs(lab, "resume");
    expect({ code: resumed.code, stderr: resumed.code === 0 ? "" : resumed.stderr }).toEqual({ code: 0, stderr: "" });
    await fresh.stop();
    expect({ old: old.failed, fresh: fresh.failed }).toEqual({ old: [], fresh: [] });
    expect(old.done()).toBeGreaterThan(500);

    const data = lab.status.processes.filter(({ service }) => service === "redis").map(({ id }) => id);
    for (const id of data) {
      expect(await loginOn(lab, id, passwords.new)).toBe("PONG");
      expect(await loginOn(lab, id, passwords.old)).toMatch(REFUSED);
    }
    // What is written down is the new one: after a restart everybody is linked again, and only the new one lets in.
    const [, replica = ""] = data;
    await lab.kill(replica);
    await lab.restart(replica);
    await whole(lab);
    expect(await loginOn(lab, replica, passwords.old)).toMatch(REFUSED);
    const sentinels = lab.status.processes.filter(({ service }) => service === "sentinel").map(({ id }) => id);
    if (sentinels[0] !== undefined) {
      await lab.kill(sentinels[0]);
      await lab.restart(sentinels[0]);
      await whole(lab);
    }
    // No secret anywhere that redisha writes.
    const journal = await readFile(JSON.parse(resumed.stdout).result.journal, "utf8");
    for (const text of [paused.stdout, paused.stderr, resumed.stdout, resumed.stderr, journal]) {
      expect(text.includes(passwords.new) || text.includes(passwords.old)).toBe(false);
    }
  });
});
