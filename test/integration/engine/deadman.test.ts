import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { connectLocal } from "../../../src/connect/local/connect.ts";
import { armOnHost } from "../../../src/engine/deadman/host-calls.ts";
import { payloadOf } from "../../../src/engine/deadman/payload.ts";
import { showRun } from "../../../src/use-cases/runs.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { runbookText } from "../../support/runs.ts";
import { childrenOf, killAll } from "../../support/sshd.ts";
import { until } from "../../support/until.ts";

/** Where watchdogs live when root runs them, as the tests do. */
const BASE = "/run/redisha-deadman";
const HOLDER = new URL("../../support/run-holder.ts", import.meta.url).pathname;
const DIRECTIVE = "slowlog-log-slower-than";

let lab: TestLab;
let place: string;
const runs: Holder[] = [];
/** Every run of this file: others may arm undos at the same time. */
const everyRun: Holder[] = [];

beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication", auth: "acl", tls: true });
  place = await mkdtemp(join(tmpdir(), "redisha-deadman-"));
});

afterAll(async () => {
  await lab.down();
  await rm(place, { recursive: true, force: true });
  for (const run of everyRun) await rm(join(BASE, runOf(run)), { recursive: true, force: true });
});

beforeEach(async () => {
  for (const id of ["r1:6379", "r2:6379"]) await lab.cli(id, "CONFIG", "SET", DIRECTIVE, "10000");
});

afterEach(async () => {
  for (const { child } of runs.splice(0)) child.kill("SIGKILL");
  // Watchdogs of a test that failed must not disturb the next.
  await until(async () => watchdogs().length === 0);
});

interface Holder {
  readonly child: ChildProcess;
  readonly lines: () => Record<string, unknown>[];
  readonly ended: Promise<Record<string, unknown> | undefined>;
}

/** Runs the text in a process of its own; with `past` that run is resumed, or rolled back. */
async function start(text: string, past?: string, inventory = lab.file, how = "resume"): Promise<Holder> {
  const file = join(place, "test.yaml");
  if (past === undefined) await writeFile(file, text);
  const args = [HOLDER, inventory, file, join(place, "state"), ...(past === undefined ? [] : [past, how])];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  const lines = () =>
    said
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ended = new Promise<Record<string, unknown> | undefined>((resolve) => {
    child.on("close", () => resolve(lines().find(({ type }) => type === "summary")));
  });
  const holder = { child, lines, ended };
  runs.push(holder);
  everyRun.push(holder);
  return holder;
}

const relax = (options: { id?: string; host?: string; armed?: string; value?: string; more?: string } = {}) => `
  - id: ${options.id ?? "relax"}
    action: redis.config_set
    targets: { role: data, hosts: [${options.host ?? "r1"}] }
    with: { parameter: ${DIRECTIVE}, value: "${options.value ?? "4711"}" }
    undo: { action: redis.config_set, with: { parameter: ${DIRECTIVE}, value: "\${{ before.value }}" }, armed: ${options.armed ?? "10s"} }
${options.more ?? ""}`;

const wait = (ms: number) =>
  `  - { id: wait, action: wait_for, with: { interval: 200ms }, until: "run.id == 'never'", timeout: ${ms}ms, on_failure: continue }\n`;

const relaxed = (...steps: string[]) => runbookText(`concurrency: { lock: none }\nsteps:${steps.join("")}`);

async function value(id = "r1:6379"): Promise<string> {
  return (await lab.cli(id, "CONFIG", "GET", DIRECTIVE)).split("\n")[1] ?? "";
}

const is = (wanted: string, id?: string) => until(async () => (await value(id)) === wanted);

/** Processes that watch for runs of this file, zombies left out; each with its arguments. */
function watchdogs(): string[] {
  return readdirSync("/proc").flatMap((pid) => {
    try {
      if (!/^\d+$/.test(pid) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"))) return [];
      const words = readFileSync(`/proc/${pid}/cmdline`, "latin1").split("\0");
      const ours = everyRun.some((run) => words[1]?.startsWith(join(BASE, runOf(run))));
      return words[0] === "sh" && ours ? [words.join(" ")] : [];
    } catch {
      return [];
    }
  });
}

const runOf = (holder: Holder) => String(holder.lines()[0]?.run);

async function journalOf(run: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(place, "state", "runs", `${run}.jsonl`), "utf8");
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

const kindsOf = (lines: readonly Record<string, unknown>[]) => lines.map(({ kind }) => kind);

async function password(): Promise<string> {
  return (await readFile(join(lab.status.folder, "secrets", "operator.password"), "utf8")).trim();
}

describe("an undo that is armed", () => {
  it("is carried out once at the end of the run, and leaves no process and no folder", async () => {
    const run = await start(relaxed(relax(), wait(500)));
    const summary = await run.ended;
    expect(summary).toMatchObject({ status: "done" });
    expect(await value()).toBe("10000");
    const journal = await journalOf(runOf(run));
    const kinds = kindsOf(journal).filter((kind) => kind === "armed" || kind === "intent" || kind === "disarmed");
    expect(kinds).toEqual(["armed", "intent", "intent", "disarmed"]);
    expect(watchdogs()).toEqual([]);
    expect(existsSync(join(BASE, runOf(run)))).toBe(false);
  });

  it("is carried out by the host when the process is killed, over TLS and as the user, and resume does the step again", async () => {
    const run = await start(relaxed(relax(), wait(4_000)));
    await is("4711");
    // While it waits, no process list shows the password.
    const shown = readdirSync("/proc").flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "latin1")];
      } catch {
        return [];
      }
    });
    expect(shown.filter((line) => line.includes(BASE))).not.toEqual([]);
    const secret = await password();
    expect(shown.some((line) => line.includes(secret))).toBe(false);
    const files = readdirSync(BASE, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
    expect(files.some((file) => readFileSync(join(file.parentPath, file.name), "utf8").includes(secret))).toBe(false);
    run.child.kill("SIGKILL");
    await run.ended;
    expect(await value()).toBe("4711");
    const killed = Date.now();
    await is("10000");
    expect(Date.now() - killed).toBeLessThan(18_000);
    await until(async () => watchdogs().length === 0);

    const again = await start("", runOf(run));
    expect(await again.ended).toMatchObject({ status: "done" });
    const journal = await journalOf(runOf(run));
    expect(journal).toContainEqual(
      expect.objectContaining({ kind: "restored_by_host", step: "relax", target: "r1:6379", host: "r1", ok: true }),
    );
    // The step was done again, and put back again.
    expect(kindsOf(journal).filter((kind) => kind === "armed")).toHaveLength(2);
    expect(await value()).toBe("10000");
    expect(existsSync(join(BASE, runOf(run)))).toBe(false);
  });

  it("is kept waiting by the heartbeat for longer than the lease", async () => {
    const run = await start(relaxed(relax(), wait(16_000)));
    await is("4711");
    await sleep(13_000);
    expect(await value()).toBe("4711");
    expect(await run.ended).toMatchObject({ status: "done" });
    expect(await value()).toBe("10000");
  });

  it("is carried out by the host when the process is stopped for longer than the lease, and the run pauses when it wakes", async () => {
    const run = await start(
      relaxed(relax(), wait(15_000), relax({ id: "never", value: "4712", more: "    on_failure: pause\n" })),
    );
    await is("4711");
    run.child.kill("SIGSTOP");
    await is("10000");
    run.child.kill("SIGCONT");
    const summary = await run.ended;
    expect(summary).toMatchObject({ status: "paused", exit: 7, error: { code: "DEADMAN_FIRED" } });
    expect(await value()).toBe("10000");
    const journal = await journalOf(runOf(run));
    expect(journal).toContainEqual(expect.objectContaining({ kind: "restored_by_host", ok: true }));
    expect(journal.some((line) => line.step === "never")).toBe(false);
  });

  it("is taken over by a resume within the lease", async () => {
    const run = await start(relaxed(relax(), wait(12_000)));
    await is("4711");
    run.child.kill("SIGKILL");
    await run.ended;
    const again = await start("", runOf(run));
    await sleep(11_000);
    expect(await value()).toBe("4711");
    expect(await again.ended).toMatchObject({ status: "done" });
    expect(await value()).toBe("10000");
    const journal = await journalOf(runOf(run));
    expect(kindsOf(journal)).not.toContain("restored_by_host");
    expect(kindsOf(journal).filter((kind) => kind === "armed")).toHaveLength(1);
  });

  it("is taken over by a rollback within the lease, which puts it back once", async () => {
    const run = await start(relaxed(relax(), wait(60_000)));
    await is("4711");
    run.child.kill("SIGKILL");
    await run.ended;
    const { held } = await showRun(runOf(run), { REDISHA_STATE_DIR: join(place, "state") });
    expect(held).toMatchObject([{ step: "relax", target: "r1:6379", host: "r1", lease_ms: 10_000 }]);
    expect(held[0]?.armed_at).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    const back = await start("", runOf(run), lab.file, "rollback");
    expect(await back.ended).toMatchObject({
      status: "rolled_back",
      rollback: { undone: ["relax on r1:6379"], left: [] },
    });
    expect(await value()).toBe("10000");
    expect(watchdogs()).toEqual([]);
    expect(existsSync(join(BASE, runOf(run)))).toBe(false);
    const journal = await journalOf(runOf(run));
    expect(journal.filter(({ kind, undo }) => kind === "intent" && undo === true)).toHaveLength(1);
    expect(kindsOf(journal)).not.toContain("restored_by_host");
    // Nobody puts it back a second time when the lease would have run out.
    await lab.cli("r1:6379", "CONFIG", "SET", DIRECTIVE, "5555");
    await sleep(11_000);
    expect(await value()).toBe("5555");
  });

  it("is let go of by a step that disarms it, and the change stays", async () => {
    const keep = `  - { id: keep, action: redis.query, targets: { role: data, hosts: [r1] }, with: { command: [PING] }, disarm: relax }\n`;
    const run = await start(relaxed(relax(), keep, wait(300)));
    expect(await run.ended).toMatchObject({ status: "done" });
    expect(await value()).toBe("4711");
    expect(kindsOf(await journalOf(runOf(run)))).toContain("disarmed");
    expect(watchdogs()).toEqual([]);
  });

  it("stands beside others on one host, each with a lease of its own", async () => {
    const other = relax({ id: "other", armed: "20s" })
      .replaceAll(DIRECTIVE, "latency-monitor-threshold")
      .replace("4711", "77");
    const run = await start(relaxed(relax(), other, wait(60_000)));
    await until(async () => (await lab.cli("r1:6379", "CONFIG", "GET", "latency-monitor-threshold")).endsWith("77"));
    expect(watchdogs()).toHaveLength(2);
    run.child.kill("SIGKILL");
    await is("10000");
    expect(await lab.cli("r1:6379", "CONFIG", "GET", "latency-monitor-threshold")).toMatch(/77$/);
    await until(async () => (await lab.cli("r1:6379", "CONFIG", "GET", "latency-monitor-threshold")).endsWith("\n0"));
  });

  it("is carried out by the host when SSH to it is cut", async () => {
    const sshd = (await lab.ps()).find(({ id, service }) => id.startsWith("r1:") && service === "sshd");
    if (!sshd?.pid) throw new Error("r1 has no sshd");
    const run = await start(relaxed(relax(), wait(25_000)));
    await is("4711");
    const sessions = childrenOf(sshd.pid);
    process.kill(sshd.pid, "SIGKILL");
    killAll(sessions);
    await is("10000");
    expect(run.lines().some(({ type }) => type === "summary")).toBe(false);
    await lab.restart(sshd.id);
    expect(await run.ended).toMatchObject({ status: "paused", error: { code: "DEADMAN_FIRED" } });
  });
});

describe("an undo that cannot be armed", () => {
  it("keeps the change from being made where the host's redis-cli may not ask the server", async () => {
    await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "-ping");
    try {
      const run = await start(relaxed(relax()));
      expect(await run.ended).toMatchObject({ status: "failed", error: { code: "DEADMAN_NOT_ARMED", host: "r1" } });
      expect(await value()).toBe("10000");
      expect(kindsOf(await journalOf(runOf(run)))).not.toContain("intent");
      expect(watchdogs()).toEqual([]);
    } finally {
      await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "+ping");
    }
  });

  it("is refused by a host without a redis-cli, with nothing left behind", async () => {
    const bin = await mkdtemp(join(place, "bin-"));
    const tools = ["sh", "id", "mkdir", "chmod", "find", "rm", "rmdir", "cat", "setsid", "sleep", "mv", "date", "head"];
    for (const tool of [...tools, "grep", "timeout"]) await symlink(join("/usr/bin", tool), join(bin, tool));
    const path = process.env.PATH;
    const shell = await connectLocal({ host: "here", address: "127.0.0.1", ssh: "local" });
    process.env.PATH = bin;
    try {
      const refused = await armOnHost(
        shell,
        {
          run: "20260101T000000Z-000000",
          id: "00000000",
          leaseMs: 10_000,
          payload: payloadOf([{ kind: "redis", argv: ["PING"] }], undefined),
          ca: "",
          candidates: ["/nonexistent/bin/redis-cli"],
          options: ["-p", "1"],
        },
        new AbortController().signal,
      );
      expect(refused).toBe("no redis-cli or valkey-cli was found");
    } finally {
      process.env.PATH = path;
    }
    expect(watchdogs()).toEqual([]);
    expect(existsSync(join(BASE, "20260101T000000Z-000000"))).toBe(false);
  });

  it("is refused before anything is touched where a target has no SSH", async () => {
    const file = join(place, "no-ssh.yaml");
    const inventory = parse(await readFile(lab.file, "utf8")) as { deployments: Record<string, { ssh: unknown }> };
    for (const deployment of Object.values(inventory.deployments)) deployment.ssh = "none";
    await writeFile(file, stringify(inventory));
    const run = await start(relaxed(relax()), undefined, file);
    expect(await run.ended).toMatchObject({ status: "thrown", error: { code: "DEADMAN_NO_SHELL", exit: 2 } });
    expect(run.lines()).toHaveLength(1);
  });
});

describe("undos that a host carries out as programs and scripts", () => {
  it("are tried again while they fail, until somebody takes the folder away", async () => {
    const step = `  - id: program
    action: ssh.exec
    targets: { role: data, hosts: [r1] }
    with: { argv: ["true"] }
    undo: { action: ssh.exec, with: { argv: ["false"] }, armed: 10s }
`;
    const run = await start(relaxed(`\n${step}`, wait(60_000)));
    await until(async () => run.lines().some(({ type, step }) => type === "step_started" && step === "wait"));
    run.child.kill("SIGKILL");
    const folder = join(BASE, runOf(run));
    const log = join(folder, readdirSync(folder)[0] ?? "", "log");
    const failures = () => readFileSync(log, "utf8").match(/ended with status 1/g)?.length ?? 0;
    await until(async () => existsSync(log) && failures() > 1);
    expect(watchdogs()).toHaveLength(1);
    await rm(folder, { recursive: true, maxRetries: 3 });
    await until(async () => watchdogs().length === 0);
    expect(existsSync(folder)).toBe(false);
  });

  it("get their arguments and environment as they are written, and count the exit statuses they are told", async () => {
    const file = join(place, "it's put back");
    const script = `  - id: script
    action: ssh.script
    targets: { role: data, hosts: [r1] }
    with: { script: 'true' }
    undo: { action: ssh.script, with: { script: 'printf "%s|%s" "$1" "$WORD" >"$2"; exit 3', args: ["a 'b' $c", "${file}"], env: { WORD: "x\\ny" }, ok_codes: [3] }, armed: 10s }
  - id: program
    action: ssh.exec
    targets: { role: data, hosts: [r1] }
    with: { argv: ["true"] }
    undo: { action: ssh.exec, with: { argv: [touch, "${file} too"] }, armed: 10s }
`;
    const run = await start(relaxed(`\n${script}`, wait(60_000)));
    await until(async () => run.lines().some(({ type, step }) => type === "step_started" && step === "wait"));
    run.child.kill("SIGKILL");
    await until(async () => watchdogs().length === 0);
    expect(readFileSync(file, "utf8")).toBe("a 'b' $c|x\ny");
    expect(existsSync(`${file} too`)).toBe(true);
    expect(
      await readFile(join(BASE, runOf(run), readdirSync(join(BASE, runOf(run)))[0] ?? "", "done"), "utf8"),
    ).toMatch(/^ok /);
  });
});
