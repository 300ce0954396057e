import { execFile } from "node:child_process";
import { copyFile, cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findServerProgram, type ServerProgram } from "../../../src/scratch/find-program.ts";
import { openRoom, sweepRooms } from "../../../src/scratch/room.ts";
import { startScratch } from "../../../src/scratch/start.ts";
import { fillWithEverything } from "../../support/dataset.ts";
import { ENGINE_ROOT } from "../../support/engines.ts";
import { cli, type Engine, Servers } from "../../support/redis.ts";

const servers = new Servers();
const signal = new AbortController().signal;
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "redisha-scratch-"));
});
afterAll(async () => {
  await servers.stopAll();
  await rm(root, { recursive: true, force: true });
});

const programOf = (engine: Engine): Promise<ServerProgram> => {
  const [name = "", version = ""] = engine.split("-");
  return findServerProgram({ engine: { name, version }, directory: join(ENGINE_ROOT, engine) });
};

/** A server with some of everything, its digest, and the file that it saved. */
async function saved(engine: Engine, conf: readonly string[] = [], soonMs?: number) {
  const debug = engine === "redis-6.0" ? [] : ["enable-debug-command yes"];
  const server = await servers.start({ engine, conf: [...debug, ...conf] });
  const send = (...args: string[]) => cli(server, args);
  await fillWithEverything(send, engine, soonMs === undefined ? {} : { soonMs });
  const digest = await send("DEBUG", "DIGEST");
  await send("SAVE");
  return { server, send, digest, file: join(server.dir, "dump.rdb") };
}

/** A killed process may stay as a zombie until somebody reaps it. */
const isRunning = (pid: number) =>
  readFile(`/proc/${pid}/stat`, "latin1").then(
    (stat) => !/\) Z /.test(stat),
    () => false,
  );

/** The oldest, and the newest of each kind. */
const SOME = ["redis-6.0", "redis-8.0", "valkey-9.1"] as const satisfies readonly Engine[];

describe.each(SOME)("a scratch server of %s", (engine) => {
  it("holds what was saved, in every database, and goes without a trace", async () => {
    const { digest, file } = await saved(engine);
    const room = await openRoom(0, root);
    await copyFile(file, room.path("dump.rdb"));
    const scratch = await startScratch(room, { program: await programOf(engine), kind: "rdb", memory: 0, signal });
    expect(await scratch.digest()).toBe(digest);
    const { keys, functions } = await scratch.facts();
    expect(keys["3"]).toBe(1);
    expect(keys["0"]).toBeGreaterThan(15);
    expect(functions).toEqual(engine === "redis-6.0" ? [] : ["lib"]);
    const { pid = 0, folder } = scratch;
    expect(await readFile(`/proc/${pid}/oom_score_adj`, "utf8")).toBe("1000\n");
    await scratch.stop();
    await expect(stat(folder)).rejects.toThrow("ENOENT");
    expect(await isRunning(pid)).toBe(false);
  });

  it("keeps keys that have expired since, and saves them", async () => {
    const { file } = await saved(engine, [], 300);
    await sleep(400);
    const room = await openRoom(0, root);
    await copyFile(file, room.path("dump.rdb"));
    const program = await programOf(engine);
    const first = await startScratch(room, { program, kind: "rdb", memory: 0, signal });
    const { keys, expires } = await first.facts();
    const again = await openRoom(0, root);
    await copyFile(await first.save(), again.path("dump.rdb"));
    await first.stop();
    const second = await startScratch(again, { program, kind: "rdb", memory: 0, signal });
    expect(await second.facts()).toMatchObject({ keys, expires });
    await second.stop();
  });

  it("loads an append-only file, and writes to it no more", async () => {
    const { server, send, digest } = await saved(engine, ["appendonly yes"]);
    await send("SET", "behind", "the base");
    const now = await send("DEBUG", "DIGEST");
    expect(now).not.toBe(digest);
    const room = await openRoom(0, root);
    const name = engine === "redis-6.0" ? "appendonly.aof" : "appendonlydir";
    await cp(join(server.dir, name), room.path(name), { recursive: true });
    const scratch = await startScratch(room, { program: await programOf(engine), kind: "aof", memory: 0, signal });
    expect(await scratch.digest()).toBe(now);
    await scratch.stop();
  });
});

describe("a scratch server", () => {
  it("is refused data that is damaged, of a newer version, or nothing at all, with what the server said", async () => {
    const { file } = await saved("redis-8.0");
    const bytes = await readFile(file);
    const attempt = async (content: Buffer, engine: Engine) => {
      const room = await openRoom(0, root);
      await writeFile(room.path("dump.rdb"), content);
      try {
        const program = await programOf(engine);
        await startScratch(room, { program, kind: "rdb", memory: 0, signal }).then((scratch) => scratch.stop());
      } finally {
        await room.remove();
      }
    };
    await expect(attempt(bytes, "redis-7.0")).rejects.toMatchObject({ code: "SCRATCH_VERSION", exit: 10 });
    await expect(attempt(bytes.subarray(0, bytes.length / 2), "redis-8.0")).rejects.toMatchObject({
      code: "SCRATCH_DAMAGED",
    });
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
    await expect(attempt(flipped, "redis-8.0")).rejects.toMatchObject({ exit: 10 });
    await expect(attempt(bytes, "redis-8.0")).resolves.toBeUndefined();
  });

  it("is not started where its data would not fit into memory", async () => {
    const room = await openRoom(0, root);
    const program = await programOf("redis-7.0");
    await expect(startScratch(room, { program, kind: "rdb", memory: 1e15, signal })).rejects.toMatchObject({
      code: "SCRATCH_NO_MEMORY",
      exit: 4,
    });
    await expect(openRoom(1e18, root)).rejects.toMatchObject({ code: "SCRATCH_NO_ROOM", exit: 4 });
    await room.remove();
  });

  it("is made while others of that folder are made and removed", async () => {
    const comeAndGo = async () => {
      for (let turn = 0; turn < 20; turn += 1) await (await openRoom(0, root)).remove();
    };
    await Promise.all(Array.from({ length: 8 }, comeAndGo));
    expect(await readdir(root)).toEqual([]);
  });

  it("is cleaned away by the next one where its process was killed, and not where it lives or was to stay", async () => {
    const { file } = await saved("redis-7.0");
    const script = `
      import { copyFile } from "node:fs/promises";
      const { openRoom } = await import(${JSON.stringify(join(import.meta.dirname, "../../../src/scratch/room.ts"))});
      const { startScratch } = await import(${JSON.stringify(join(import.meta.dirname, "../../../src/scratch/start.ts"))});
      const room = await openRoom(0, process.argv[1]);
      await copyFile(process.argv[2], room.path("dump.rdb"));
      const program = { name: "redis", version: "7.0.15", path: process.argv[3] };
      const scratch = await startScratch(room, { program, kind: "rdb", memory: 0, signal: new AbortController().signal });
      if (process.argv[4] === "keep") await scratch.keep();
      console.log(scratch.pid);
      process.kill(process.pid, "SIGKILL");`;
    const { path } = await programOf("redis-7.0");
    const killed = async (how: string): Promise<number> => {
      const argv = ["--input-type=module", "-e", script, "--", root, file, path, how];
      const failure: unknown = await promisify(execFile)(process.execPath, argv).catch((error: unknown) => error);
      return Number(failure instanceof Error && "stdout" in failure ? failure.stdout : 0);
    };
    const kept = await killed("keep");
    const lost = await killed("lose");
    const living = await openRoom(0, root);
    expect(await isRunning(lost)).toBe(false);
    expect(await isRunning(kept)).toBe(true);
    expect(await sweepRooms(root)).toEqual([]);
    process.kill(kept, "SIGKILL");
    await expect.poll(() => sweepRooms(root)).toHaveLength(1);
    await living.remove();
    expect(await readdir(root)).toEqual([]);
  });
});
