import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { createServer, request, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cachedEngine, findEngine } from "../../src/lab/engines.ts";
import { ENGINE_ROOT } from "../support/engines.ts";

let folder: string;
let cache: string;
let proxy: Server | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-test-engines-"));
  cache = join(folder, "cache");
  process.env.REDISHA_ENGINES = cache;
});
afterEach(async () => {
  process.env.REDISHA_ENGINES = ENGINE_ROOT;
  delete process.env.APT_CONFIG;
  proxy?.closeAllConnections();
  proxy?.close();
  proxy = undefined;
  await rm(folder, { recursive: true, force: true });
});

describe("an engine that is fetched", () => {
  test("runs, and is fetched only once, also by two at the same time", async () => {
    const said: string[] = [];
    const [one, two] = await Promise.all([
      findEngine({ name: "redis-8.0" }, (line) => said.push(line)),
      findEngine({ name: "redis-8.0" }, () => {}),
    ]);
    expect(one).toMatchObject({ name: "redis", version: expect.stringMatching(/^8\.0\./) });
    expect(two).toEqual(one);
    expect(await readdir(cache)).toEqual(["redis-8.0"]);
    const { stdout } = await promisify(execFile)(join(cache, "redis-8.0/bin/redis-cli"), ["--version"]);
    expect(stdout).toContain(`redis-cli ${one.version}`);

    const before = await stat(join(cache, "redis-8.0"));
    await cachedEngine("redis-8.0", (line) => said.push(`again: ${line}`));
    expect((await stat(join(cache, "redis-8.0"))).ino).toBe(before.ino);
    expect(said.filter((line) => line.startsWith("again"))).toEqual([]);
  });

  test("is refused where a package was changed on its way, and the cache stays empty", async () => {
    await useProxy((path, body) => {
      if (path.endsWith(".deb") && body.length > 1_000) body[body.length - 100] = (body[body.length - 100] ?? 0) ^ 1;
      return body;
    });
    await expect(cachedEngine("redis-7.0", () => {})).rejects.toMatchObject({
      code: "ENGINE_FETCH_FAILED",
      message: expect.stringContaining("Hash Sum mismatch"),
    });
    expect(await readdir(cache)).toEqual([]);
  });

  test("is refused where the index of the archive was changed on its way", async () => {
    await useProxy((path, body) =>
      path.endsWith("InRelease") ? Buffer.from(`${body}`.replace("Label: Debian", "Label: Other")) : body,
    );
    await expect(cachedEngine("redis-7.0", () => {})).rejects.toMatchObject({
      code: "ENGINE_FETCH_FAILED",
      message: expect.stringMatching(/signature|not signed/i),
    });
    expect(await readdir(cache)).toEqual([]);
  });

  test("says so where the mirror cannot be reached", async () => {
    await useProxy(undefined);
    await expect(cachedEngine("redis-7.0", () => {})).rejects.toMatchObject({
      code: "ENGINE_FETCH_FAILED",
      state: "nothing was started; the cache is as before",
    });
  });
});

describe("an engine that is there", () => {
  test("is taken from a folder or from bin in it", async () => {
    const inBin = await findEngine({ directory: join(ENGINE_ROOT, "valkey-9.1") }, () => {});
    const direct = await findEngine({ directory: join(ENGINE_ROOT, "valkey-9.1", "bin") }, () => {});
    expect(inBin).toMatchObject({ name: "valkey", version: expect.stringMatching(/^9\.1\./) });
    expect(direct).toEqual(inBin);
  });

  test("is refused where it does not say what it is", async () => {
    await writeFile(join(folder, "redis-server"), "#!/bin/sh\necho 'cannot open shared object file' >&2; exit 127\n", {
      mode: 0o755,
    });
    await expect(findEngine({ directory: folder }, () => {})).rejects.toMatchObject({
      code: "ENGINE_BROKEN",
      message: expect.stringContaining("cannot open shared object file"),
    });
  });
});

/** Lets apt reach its mirror only through a proxy of ours, which may change what comes through; none at all without `change`. */
async function useProxy(change: ((path: string, body: Buffer) => Buffer) | undefined): Promise<void> {
  const server = createServer((incoming, outgoing) => {
    if (!change || !incoming.url) return void outgoing.destroy();
    const path = incoming.url;
    request(path, { headers: { ...incoming.headers, range: "", "if-modified-since": "" } }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => {
        const { "content-length": _, ...headers } = answer.headers;
        outgoing.writeHead(answer.statusCode ?? 502, headers).end(change(path, Buffer.concat(chunks)));
      });
    }).end();
  });
  proxy = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const config = join(folder, "apt.conf");
  await writeFile(config, `Acquire::http::Proxy "http://127.0.0.1:${port}";\nAcquire::Retries "0";\n`);
  process.env.APT_CONFIG = config;
}
