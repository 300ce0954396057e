import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listBackups } from "../../../src/use-cases/backup/list-backups.ts";
import { verifyBackups } from "../../../src/use-cases/backup/verify-backups.ts";
import { backupOf, backupPlace, labName } from "../../support/backup.ts";
import { bringUpLab } from "../../support/lab.ts";
import { type S3Server, s3ServerIsInstalled, startS3 } from "../../support/s3.ts";

const { signal } = new AbortController();
const look = { ids: undefined, identities: [], signal, progress: () => undefined };

/** What becomes of a request: nothing, an answer in place of the server's, or one byte after the other. */
type Trouble = undefined | "500 Internal Server Error" | "507 Insufficient Storage" | "slow";

/**
 * A way to a server on which requests can be made to fail: `trouble` says for each beginning of one what becomes of it. Bytes
 * otherwise: Swift sends a body behind its answer to HEAD, which no parser likes.
 */
async function troubledWay(target: string, trouble: (head: string) => Trouble): Promise<Server & { url: string }> {
  const { hostname, port } = new URL(target);
  const server = createServer((client) => {
    const onward = connect(Number(port), hostname);
    client.on("error", () => onward.destroy()).on("close", () => onward.destroy());
    onward.on("error", () => client.destroy()).on("close", () => client.end());
    onward.on("data", (chunk) => client.write(chunk));
    client.on("data", (chunk) => {
      const what = trouble(chunk.toString("latin1", 0, 500));
      if (what === undefined) onward.write(chunk);
      else if (what !== "slow") client.end(`HTTP/1.1 ${what}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      else {
        client.pause();
        onward.write(chunk, () => setTimeout(() => client.resume(), 20));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return Object.assign(server, { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}` });
}

describe.runIf(s3ServerIsInstalled())("backups in a bucket", () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3();
    await s3.makeBucket("backups");
    process.env.AWS_ACCESS_KEY_ID = s3.accessKey;
    process.env.AWS_SECRET_ACCESS_KEY = s3.secretKey;
  });
  afterAll(() => s3.stop());

  const policy = (endpoint: string) => [
    "repository: s3://backups/shop",
    `s3: { endpoint: "${endpoint}", region: us-east-1, path_style: true }`,
  ];

  it("load, and one whose storage failed in the middle leaves nothing that is listed as good", async () => {
    await using lab = await bringUpLab({ name: labName(), topology: "replication" });
    for (let i = 0; i < 50; i += 1) await lab.cli("r1:6379", "SET", `key:${i}`, "value");
    let broken = false;
    const way = await troubledWay(s3.endpoint, (head) =>
      broken && /^PUT \S*(dump\.rdb|manifest)/.test(head) ? "500 Internal Server Error" : undefined,
    );
    try {
      await using place = await backupPlace(lab, policy(way.url));
      backupOf(await place.backUp());
      expect((await verifyBackups(place.deployment, { ...look, level: "restore" })).backups[0]).toMatchObject({
        ok: true,
        keys: 50,
      });
      broken = true;
      const failed = await place.backUp();
      expect(failed.status).toBe("failed");
      broken = false;
      const { backups } = await listBackups(place.deployment, signal);
      expect(backups.map(({ state }) => state)).toEqual(["complete"]);
      backupOf(await place.backUp());
    } finally {
      way.close();
    }
  });

  it("are made however slowly it takes them, after passing failures, and say so where there is no room", async () => {
    await using lab = await bringUpLab({ name: labName(), topology: "replication" });
    for (let i = 0; i < 20; i += 1) await lab.cli("r1:6379", "SETRANGE", `large:${i}`, "100000", randomUUID());
    let now: Trouble;
    let failures = 0;
    const way = await troubledWay(s3.endpoint, (head) => {
      if (now !== "slow") return /^PUT \S*dump\.rdb/.test(head) ? now : undefined;
      // The first two requests that store something fail, as a server under load has it.
      const fails = /^PUT /.test(head) && failures < 2;
      if (fails) failures += 1;
      return fails ? "500 Internal Server Error" : "slow";
    });
    try {
      await using place = await backupPlace(lab, [...policy(way.url), "compression: 1"]);
      now = "slow";
      const made = backupOf(await place.backUp());
      expect(failures).toBe(2);
      now = "507 Insufficient Storage";
      const full = await place.backUp();
      expect(full).toMatchObject({ status: "failed", error: { code: "REPOSITORY_FULL" } });
      expect(full.error?.next).toContain("redisha backup prune");
      const { backups } = await listBackups(place.deployment, signal);
      expect(backups.filter(({ state }) => state === "complete").map(({ id }) => id)).toContain(made);
      expect(backups.map(({ state }) => state)).not.toContain("unfinished");
      const data = join(lab.status.folder, "hosts", "r2", "6379", "data");
      expect(readdirSync(data).filter((name) => name.startsWith(".redisha"))).toEqual([]);
    } finally {
      way.close();
    }
  });
});

describe.runIf(process.getuid?.() === 0)("a repository that is full", () => {
  it("is told of, and what did not fit any more is taken away again", async () => {
    const folder = mkdtempSync(join(tmpdir(), "redisha-full-"));
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=512k", "tmpfs", folder]);
    try {
      await using lab = await bringUpLab({ name: labName(), topology: "replication" });
      await using place = await backupPlace(lab, [`repository: ${folder}`, "compression: 1"]);
      // Noise does not compress.
      for (let i = 0; i < 40; i += 1) {
        await lab.cli(
          "r1:6379",
          "SET",
          `noise:${i}`,
          Buffer.from(crypto.getRandomValues(new Uint8Array(20_000))).toString("base64"),
        );
      }
      const summary = await place.backUp();
      expect(summary).toMatchObject({ status: "failed", error: { code: "REPOSITORY_FULL" } });
      expect((await listBackups(place.deployment, signal)).backups).toEqual([]);
      const data = join(lab.status.folder, "hosts", "r2", "6379", "data");
      expect(readdirSync(data).filter((name) => name.startsWith(".redisha"))).toEqual([]);
    } finally {
      execFileSync("umount", [folder]);
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
