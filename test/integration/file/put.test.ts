import { createHash } from "node:crypto";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { keepFile, placeToKeep, restoreFile } from "../../../src/actions/file/host-file.ts";
import { connectLocal } from "../../../src/connect/local/connect.ts";
import { Servers } from "../../support/redis.ts";
import { runbookText, Workplace } from "../../support/runs.ts";

const SECRET = "requirepass tHe-old-one-tHat-nobody-may-see";

describe.skipIf(process.getuid?.() !== 0)("a file put on a host, as root", () => {
  const servers = new Servers();
  let place: Workplace;
  let folder: string;
  const runs: string[] = [];

  beforeAll(async () => {
    const { address, port } = await servers.start();
    place = await Workplace.create(`version: 1
deployments:
  one:
    topology: replication
    ssh: local
    hosts: { r1: { address: ${address} } }
    redis: { on: [r1], port: ${port} }
`);
    folder = await mkdtemp(join(tmpdir(), "redisha-put-"));
  });

  afterAll(async () => {
    await servers.stopAll();
    await rm(folder, { recursive: true, force: true });
    for (const run of runs) await rm(`/var/lib/redisha/kept/${run}`, { recursive: true, force: true });
  });

  let file: string;
  beforeEach(() => {
    file = join(folder, `${Math.random()}.conf`);
  });

  const put = (content: string, more = "", failing = "") =>
    runbookText(`steps:
  - id: put
    action: file.put
    targets: { role: primary }
    with: { path: ${file}, content: ${JSON.stringify(content)}, mode: "0640"${more} }
    undo: { action: file.restore, with: { path: "\${{ before.path }}", kept: "\${{ before.kept }}" } }
${failing}`);
  const run = async (text: string) => {
    const ran = await place.run(text);
    runs.push(ran.summary.run);
    return ran;
  };

  test("is there whole, with its owner and mode, and a second run leaves it alone", async () => {
    const owned = ", owner: nobody:nogroup";
    expect((await run(put("a\nb", owned))).summary).toMatchObject({ status: "done" });
    expect(await readFile(file, "utf8")).toBe("a\nb");
    const first = await stat(file);
    expect(first).toMatchObject({ uid: 65534, gid: 65534 });
    expect(first.mode & 0o777).toBe(0o640);

    const again = await run(put("a\nb", owned));
    expect(again.journal.find(({ step, kind }) => step === "put" && kind === "outcome")).toMatchObject({
      status: "ok",
    });
    expect((await stat(file)).ino).toBe(first.ino);
  });

  test("is put right where only its mode is wrong", async () => {
    await run(put("x"));
    await chmod(file, 0o666);
    await run(put("x"));
    expect((await stat(file)).mode & 0o777).toBe(0o640);
  });

  test("takes away what an upload of it that was killed has left beside it, on the way on and on the way back", async () => {
    const left = join(folder, `.redisha-${createHash("sha256").update(file).digest("hex").slice(0, 12)}-abc.tmp`);
    const others = join(folder, ".redisha-0123456789ab-abc.tmp");
    await Promise.all([left, others].map((path) => writeFile(path, "half of")));
    await run(put("x"));
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([basename(others)]);
    await writeFile(left, "half of");
    const shell = await connectLocal({ host: "here", address: "127.0.0.1", ssh: "local" });
    await restoreFile(shell, { path: file, kept: null }, new AbortController().signal);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([basename(others)]);
  });

  test("gives way to what was there when the run goes back, and what was there is in no journal", async () => {
    await writeFile(file, SECRET, { mode: 0o604 });
    const failing = `
  - id: stop
    action: assert
    with: { that: [{ expr: "false", message: no }] }
    on_failure: rollback`;
    const ran = await run(put("new", "", failing));
    expect(ran.summary.status).toBe("rolled_back");
    expect(await readFile(file, "utf8")).toBe(SECRET);
    expect((await stat(file)).mode & 0o777).toBe(0o604);
    expect(ran.journalText).not.toContain("tHe-old-one");
    expect((await stat(`/var/lib/redisha/kept/${ran.summary.run}`)).mode & 0o777).toBe(0o700);
  });

  test("goes again when there was none before", async () => {
    const failing = `
  - id: stop
    action: assert
    with: { that: [{ expr: "false", message: no }] }
    on_failure: rollback`;
    await run(put("new", "", failing));
    await expect(stat(file)).rejects.toThrow("ENOENT");
  });

  test("is taken back also by a run that was killed before it was kept, but not where the copy was lost", async () => {
    const shell = await connectLocal({ host: "here", address: "127.0.0.1", ssh: "local" });
    const { signal } = new AbortController();
    await writeFile(file, "old");
    runs.push("killed");
    const before = await placeToKeep(shell, file, "killed", signal);
    await restoreFile(shell, before, signal);
    expect(await readFile(file, "utf8")).toBe("old");

    await keepFile(shell, before, signal);
    await writeFile(file, "new");
    await rm(before.kept ?? "");
    await expect(restoreFile(shell, before, signal)).rejects.toMatchObject({ code: "FILE_NOT_RESTORED" });
    expect(await readFile(file, "utf8")).toBe("new");
  });
});
