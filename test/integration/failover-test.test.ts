import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { failoverTestResultSchema } from "../../src/cli/drills/failover-result.ts";
import type { LabOptions } from "../../src/lab/shape.ts";
import { backupPlace } from "../support/backup.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { type Ended, redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

let lab: TestLab;

afterEach(() => lab.down());

/**
 * Brings up a lab; `declare` is laid over its deployment in redisha.yaml. With a down-after of one second a Sentinel, which
 * connects once a second at most, may hold who has just taken over to be down, and make a second failover of one.
 */
async function start(options: Omit<LabOptions, "root"> = {}, declare: Record<string, unknown> = {}): Promise<void> {
  lab = await bringUpLab({ downAfterMs: 3_000, ...options });
  const declared: { deployments: { lab: Record<string, unknown> } } = parse(await readFile(lab.file, "utf8"));
  Object.assign(declared.deployments.lab, declare);
  await writeFile(lab.file, stringify(declared));
}

const QUICK = { "--baseline": "2s", "--watch": "1s", "--hold": "0s", "--rate": "100" };

/** As short as a drill can be, but for what the flags say. */
function argvOf(flags: readonly string[]): string[] {
  const quick = Object.entries(QUICK).filter(([name]) => !flags.includes(name));
  return ["failover-test", "--file", lab.file, ...quick.flat(), ...flags];
}

const drill = (...flags: string[]) => redisha(argvOf(flags));

interface Result {
  readonly status: string;
  readonly exit: number;
  readonly run: string;
  readonly error: { readonly code: string; readonly message: string; readonly next: readonly string[] } | null;
  readonly deviations: unknown;
  readonly report: {
    readonly old_primary: string;
    readonly new_primary: string;
    readonly figures: Readonly<Record<string, number | null>>;
  };
}

async function resultOf(...flags: string[]): Promise<Result> {
  const { stdout, stderr } = await drill("--json", "--yes", ...flags);
  const { result, error }: { result?: Result; error?: unknown } = JSON.parse(stdout || "{}");
  if (!result) throw new Error(`no result: ${JSON.stringify(error)} ${stderr}`);
  return result;
}

/** Runs a drill and sends a signal as soon as its output says that the fault is there. */
async function signalled(signal: NodeJS.Signals, ...flags: string[]): Promise<Ended> {
  let sent = false;
  return redisha(argvOf(["--yes", "-o", "jsonl", ...flags]), {
    onStdout(text, kill) {
      if (!sent && text.includes('"phase":"fault"')) {
        sent = true;
        kill(signal);
      }
    },
  });
}

const answers = async (id: string) => (await lab.cli(id, "PING").catch(() => "")) === "PONG";

const healthy = async () =>
  /"state":\s*"healthy"/.test((await redisha(["status", "--file", lab.file, "--json"])).stdout);

/** Whoever still reaches a primary that is cut off from its peers writes what nobody keeps. */
function expectKept(mode: string, { lost_writes, refused_found }: Result["report"]["figures"]): void {
  expect(refused_found).toBe(0);
  if (mode !== "partition") expect(lost_writes).toBe(0);
}

describe("failover-test", () => {
  it.each(["hang", "switchover"])(
    "%s with Sentinel: another takes over, the old primary follows it, and what was acknowledged is kept",
    async (mode) => {
      await start();
      const { status, error, report, deviations } = await resultOf("--mode", mode);
      expect({ status, error }).toEqual({ status: "done", error: null });
      expect(report.old_primary).toBe("r1:6379");
      expect(report.new_primary).not.toBe("r1:6379");
      expectKept(mode, report.figures);
      expect(deviations).toEqual([]);
      expect(await lab.cli("r1:6379", "ROLE")).toContain("slave");
      expect(await lab.cli(report.new_primary, "KEYS", "redisha:drill:*")).toBe("");
    },
  );

  it.each(["crash", "partition"])(
    "%s with a Cluster: the replica of the shard takes over, and what was acknowledged is kept",
    async (mode) => {
      await start({ topology: "cluster" });
      const { status, error, report } = await resultOf("--mode", mode, "--shard", "0-5460");
      expect({ status, error }).toEqual({ status: "done", error: null });
      expect(report.new_primary).not.toBe(report.old_primary);
      expectKept(mode, report.figures);
    },
  );

  it("makes the original primary the primary again where that is wanted, and writes the report where it is wanted", async () => {
    await start({ auth: "acl", tls: true });
    const folder = join(lab.root, "reports");
    const done = await resultOf("--mode", "crash", "--return", "--report", folder);
    const { status, run: id, error, report } = done;
    expect({ status, error }).toEqual({ status: "done", error: null });
    expect(failoverTestResultSchema.parse(done).written).toHaveLength(3);
    expect(await lab.cli("r1:6379", "ROLE")).toContain("master");
    expect(JSON.parse(await readFile(join(folder, `${id}.json`), "utf8"))).toEqual(report);
    expect(await readFile(join(folder, `${id}.html`), "utf8")).toContain("<svg");
    expect(await readFile(join(folder, `${id}.md`), "utf8")).toContain("#");
  });

  it("ends with 4 and the figures where it cost more than the budget, and leaves all well", async () => {
    await start({}, { drill: { budget: { write_outage: "100ms" } } });
    const over = await drill("--yes");
    expect(over.code).toBe(4);
    expect(over.stderr).toMatch(/DRILL_BUDGET_EXCEEDED: .*write outage was .*100ms are allowed/s);
    expect(over.stdout).toContain("Write outage");
    await until(healthy);
  });
});

describe("what failover-test refuses before anything is touched", () => {
  const refused = async (...flags: string[]) => {
    const { exit, error } = await resultOf(...flags);
    expect(exit).toBe(4);
    expect(await lab.cli("r1:6379", "ROLE")).toContain("master");
    return `${error?.code}: ${error?.message} ${error?.next.join("; ")}`;
  };

  it("is a deployment that is not healthy", async () => {
    await start();
    await lab.kill("r3:6379");
    expect(await refused()).toMatch(/ASSERT_FAILED: .*not healthy.*--waive healthy/);
  });

  it("is one in which nobody could be promoted", async () => {
    await start();
    for (const id of ["r2:6379", "r3:6379"]) await lab.cli(id, "CONFIG", "SET", "replica-priority", "0");
    expect(await refused("--waive", "healthy")).toMatch(/WOULD_NOT_SURVIVE: Without r1:6379 .*no replica is left/);
  });

  it("is one whose Sentinels could not agree without the host", async () => {
    await start();
    await lab.kill("r3:26379");
    expect(await refused("--waive", "healthy", "--mode", "partition")).toMatch(
      /WOULD_NOT_SURVIVE: Without r1 .*majority/,
    );
  });

  it("is a time outside of the window, and it says when the window opens", async () => {
    const now = new Date();
    const hour = (plus: number) => `${String((now.getUTCHours() + plus) % 24).padStart(2, "0")}:00`;
    await start({}, { drill: { window: { from: hour(2), to: hour(3) } } });
    expect(await refused()).toMatch(/OUTSIDE_WINDOW: .*it opens \d{4}-\d\d-\d\d \d\d:00 \(UTC\).*--waive window/);
  });

  it("is a repository without a recent backup", async () => {
    await start({}, { backup: { repository: "/tmp/redisha-no-such-repository" } });
    expect(await refused()).toMatch(/NO_RECENT_BACKUP: .*there is none.*redisha backup; .*--waive backup/);
  });

  it("is a repository whose newest verified backup is too old, unless one is made first", async () => {
    await start();
    await using _place = await backupPlace(lab, ["check: { max_age: 1h }"]);
    expect(await refused()).toMatch(/NO_RECENT_BACKUP/);
    const { stdout } = await signalled("SIGINT", "--mode", "hang", "--backup");
    expect(stdout).toMatch(/"step":"backup","status":"changed"/);
    await until(healthy);
    expect((await drill("--dry-run")).code).toBe(0);
    await writeFile(lab.file, (await readFile(lab.file, "utf8")).replace("max_age: 1h", "max_age: 1s"));
    expect(await refused()).toMatch(/NO_RECENT_BACKUP: .*the newest, \S+, is .* old.*redisha backup/);
  });

  it("is production without --production, and without its name", async () => {
    await start({}, { production: true });
    expect(await refused()).toMatch(/ASSERT_FAILED: .*--production/);
    expect(await refused("--production")).toMatch(/NOT_CONFIRMED: .*--confirm=lab/);
    expect(await refused("--production", "--confirm", "shop")).toMatch(/NOT_CONFIRMED/);
  });

  it("is a second run beside one that goes on", async () => {
    await start();
    let second: Promise<Ended> | undefined;
    const first = await redisha(argvOf(["--yes", "--baseline", "1m", "-o", "jsonl"]), {
      onStdout(text, kill) {
        if (!text.includes('"step":"baseline"')) return;
        second ??= drill("--yes").finally(() => kill("SIGINT"));
      },
    });
    expect((await second)?.code).toBe(5);
    expect(first.code).toBe(130);
  });

  it("is to go on without a word of agreement, and it names the flag", async () => {
    await start();
    const { code, stderr } = await drill();
    expect(code).toBe(4);
    expect(stderr).toContain("--yes");
  });
});

describe("a drill that is cut short", () => {
  it("by Ctrl-C heals first, tells who wants to know, and ends with 130", async () => {
    const said = "/tmp/redisha-drill-said";
    await start({}, { notify: { command: ["sh", "-c", `echo "$REDISHA_EVENT" >>${said}.${process.pid}`] } });
    const { code, stdout } = await signalled("SIGINT", "--mode", "hang");
    expect(code).toBe(130);
    expect(stdout).toContain("giving up: healing and tidying up first");
    expect(await answers("r1:6379")).toBe(true);
    expect((await readFile(`${said}.${process.pid}`, "utf8")).trim().split("\n")).toEqual(["start", "failed"]);
    expect(await lab.cli("r2:6379", "KEYS", "redisha:drill:*")).toBe("");
    await until(healthy);
  });
});
