import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";

/** One mistake of each kind, the place of each in a comment; the steps themselves would write. */
const TYPOS = `apiVersion: redisha/v1
kind: Runbook
metadata: { name: typos, version: 1.0, description: Full of mistakes }
requires: { topology: [sentinel] }
steps:
  - id: write
    action: redis.command
    targtes: { role: primary }
    with: { command: [SET, k, v] }
  - id: read
    action: redis.qeury
    targets: { role: replica }
    with: { command: [GET, k] }
  - id: compare
    action: redis.command
    targets: { role: primary }
    when: steps.wirte.changed
    with: { command: [SET, k, w] }
  - id: count
    action: redis.command
    targets: { role: primary }
    when: topo.nodes.size()
    with: { command: [SET, k, x] }
  - id: field
    action: redis.command
    targets: { role: primary }
    when: host.linkup
    with: { command: [SET, k, y] }
`;

const PLACES = [
  ["3:35", /version/], // an unquoted version number
  ["8:5", /unknown key "targtes"/],
  ["11:13", /no action "redis.qeury"/],
  ["17:17", /wirte/],
  ["22:11", /true or false/],
  ["27:16", /linkup/],
] as const;

describe("a runbook with mistakes", () => {
  let lab: TestLab;
  let file: string;
  beforeAll(async () => {
    lab = await bringUpLab({ downAfterMs: 60_000 });
    file = join(lab.status.folder, "typos.yaml");
    await writeFile(file, TYPOS);
  });
  afterAll(() => lab?.down());

  it.each([
    ["run", ["run"]],
    ["run --dry-run", ["run", "--dry-run"]],
    ["run --yes", ["run", "--yes"]],
    ["runbook validate", ["runbook", "validate"]],
  ])("is refused by %s with every mistake at its place, exit 2, and nobody is asked anything", async (_, argv) => {
    const before = await connectionsMade();
    const text = await redisha([...argv, file, "--file", lab.file]);
    const json = await redisha([...argv, file, "--file", lab.file, "--json"]);
    expect(await connectionsMade()).toEqual(before);
    expect(text).toMatchObject({ code: 2, stdout: "" });
    for (const [place, about] of PLACES) {
      const line = text.stderr.split("\n").find((each) => each.includes(`${file}:${place} `));
      expect(`${place} ${line ?? text.stderr}`).toMatch(about);
    }
    expect(json.code).toBe(2);
    const { error } = JSON.parse(json.stdout);
    const places = error.problems.map(
      ({ position }: { position: { file: string; line: number; column: number } }) =>
        `${position.line}:${position.column}`,
    );
    expect(places).toEqual(expect.arrayContaining(PLACES.map(([place]) => place)));
    expect(await lab.cli("r1:6379", "EXISTS", "k")).toBe("0");
  });

  /**
   * Connections that each server ever took from somebody else than this test, which makes one for each question; a count
   * of commands would change by itself, for replicas and Sentinels ping.
   */
  async function connectionsMade(): Promise<number[]> {
    return Promise.all(
      ["r1:6379", "r2:6379", "r3:6379"].map(async (id) => {
        asked.set(id, (asked.get(id) ?? 0) + 1);
        const stats = await lab.cli(id, "INFO", "stats");
        return Number(/total_connections_received:(\d+)/.exec(stats)?.[1]) - (asked.get(id) ?? 0);
      }),
    );
  }
  const asked = new Map<string, number>();
});
