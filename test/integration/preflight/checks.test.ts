import { type ChildProcess, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { issueCertificate } from "../../../src/certificates/openssl.ts";
import { packagePath } from "../../../src/core/package-root.ts";
import { analyse } from "../../../src/drill/analyse.ts";
import { keepDrillReport } from "../../../src/drill/history.ts";
import type { Recording } from "../../../src/drill/recording.ts";
import { type BackedUpLab, backedUpLab } from "../../support/backed-up-lab.ts";
import { ENGINE_ROOT } from "../../support/engines.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { preflight, type Seen } from "../../support/preflight.ts";
import { type Prometheus, startPrometheus, watchLab } from "../../support/prometheus.ts";
import { redisha } from "../../support/redisha.ts";
import { variant } from "../../support/status.ts";
import { until } from "../../support/until.ts";

/** What the kernel and the firewall of this machine are like is not for a test to choose: that is tried on hosts of its own. */
const OF_HOSTS = "overcommit-memory,huge-pages,swappiness,somaxconn,clock-skew,swap,firewall-outside";

/** Checks that fail, but for what Sentinels remember: whether they have heard of an address that was announced for a moment is chance. */
function failedIn({ verdicts }: Seen): string[] {
  const failed = Object.keys(verdicts).filter((check) => verdicts[check] === "fail" && check !== "sentinel-peers");
  return failed.sort();
}

/** For as long as `use` takes, redisha goes by a runbook beside redisha.yaml, in which some checks have other limits. */
async function withThresholds(
  lab: TestLab,
  limits: Readonly<Record<string, string>>,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const own = join(dirname(lab.file), "runbooks", "preflight.yaml");
  await mkdir(dirname(own), { recursive: true });
  let text = await readFile(packagePath("runbooks", "preflight.yaml"), "utf8");
  for (const [check, its] of Object.entries(limits)) {
    const line = new RegExp(`\\{ check: ${check}, severity: (\\w+).*\\}`);
    text = text.replace(line, `{ check: ${check}, severity: $1, limits: ${its} }`);
  }
  try {
    await writeFile(own, text);
    await use(own);
  } finally {
    await rm(own);
  }
}

describe("preflight of a deployment that is ready", () => {
  let place: BackedUpLab;
  let lab: TestLab;
  let env: Record<string, string>;
  let prometheus: Prometheus;
  let ready: string;
  const see = (file: string, ...flags: string[]) => preflight(file, ["--skip", OF_HOSTS, ...flags], { env });

  beforeAll(async () => {
    place = await backedUpLab({
      tls: true,
      auth: "acl",
      // Nothing here is to be failed over by a machine that is busy.
      downAfterMs: 60_000,
      config: {
        maxmemory: "100mb",
        appendonly: "yes",
        "repl-backlog-size": "1gb",
        "min-replicas-to-write": "1",
        "slowlog-max-len": "10",
      },
    });
    lab = place.lab;
    env = { REDISHA_STATE_DIR: place.state };
    prometheus = await watchLab(lab);
    expect((await place.run("backup")).error).toBeNull();
    expect((await redisha(["backup", "verify", "--file", lab.file], { env })).code).toBe(0);
    const zipped = await readFile(new URL("../../fixtures/drills/crash.json.gz", import.meta.url));
    const recording = JSON.parse(gunzipSync(zipped).toString()) as Recording;
    const drill = { ...recording, deployment: lab.status.name, started_at: new Date().toISOString() };
    await keepDrillReport(analyse(drill), drill, env);
    ready = await variant(lab, "ready", { preflight: { prometheus: prometheus.url } });
    await until(async () => (await prometheus.query("redis_up == 1")).length === 6);
  });
  afterAll(async () => {
    await prometheus?.stop();
    await place?.[Symbol.asyncDispose]();
  });

  /** The certificate that a host has, in a few days to end; servers go on with the one that they have read. */
  const endIn = async (days: number, host: string): Promise<{ path: string; text: string }> => {
    const folder = join(lab.status.folder, "tls");
    const [certificate, key] = await Promise.all(
      ["current.crt", "current.key"].map((name) => readFile(join(folder, name), "utf8")),
    );
    const authority = { certificate: certificate ?? "", key: key ?? "" };
    const wanted = { organisation: "redisha lab", name: host, days, names: [addressOf(lab, host)] };
    const short = await issueCertificate(authority, wanted, folder);
    const path = join(folder, `${host}.pem`);
    const text = await readFile(path, "utf8");
    await writeFile(path, `${short.certificate}${short.key}`);
    return { path, text };
  };

  it("passes, check by check", async () => {
    const { report, verdicts, exit } = await see(ready);
    const odd = Object.entries(verdicts).filter(([, verdict]) => verdict !== "pass");
    // Nobody uses it, and there is too little in it to tell.
    expect(odd).toEqual([
      ["clients-sentinel-aware", "skip"],
      ["fragmentation", "skip"],
    ]);
    expect({ exit, refused: report.refused }).toEqual({ exit: 0, refused: false });
  });

  it("tells no password, not even that they are compared", async () => {
    const secrets = await Promise.all(
      ["operator", "replication", "sentinel"].map((role) =>
        readFile(join(lab.status.folder, "secrets", `${role}.password`), "utf8").catch(() => ""),
      ),
    );
    const { stdout, stderr } = await redisha(["preflight", "--file", ready, "--json", "--verbose"], { env });
    for (const secret of secrets.map((each) => each.trim()).filter(Boolean))
      expect(stdout + stderr).not.toContain(secret);
  });

  it("fails for what redisha.yaml does not have, or has otherwise", async () => {
    const declared = await variant(lab, "declared", {
      backup: undefined,
      "sentinel.on": ["r1", "r2"],
      "engine.version": "6.2.1",
      "preflight.waive": [{ check: "tls-required", until: "2020-01-01", reason: "over" }],
    });
    const seen = await see(declared);
    expect(seen.verdicts).toMatchObject({
      "backup-recent": "fail",
      "sentinel-count": "fail",
      "sentinel-zones": "fail",
      // Both remember the third.
      "sentinel-peers": "fail",
      "version-skew": "fail",
      waivers: "fail",
      "exporter-scraped": "unknown",
      "alert-rules": "unknown",
    });
    expect(seen.exit).toBe(4);
    const elsewhere = await preflight(ready, ["--only", "drill-recent"], {
      env: { REDISHA_STATE_DIR: join(place.state, "x") },
    });
    expect(elsewhere.verdicts).toEqual({ "drill-recent": "fail" });
    const exposed = await variant(lab, "exposed", {
      firewall: { manager: "none", trusted: ["192.0.2.0/24"], clients: [] },
    });
    const open = await preflight(exposed, ["--only", "firewall-outside"], { env });
    expect(open.of("firewall-outside", "r1")).toMatchObject({
      verdict: "fail",
      measured: expect.stringMatching(/^open: /),
    });
  });

  it("fails where Prometheus does not know of a node, or of an alert, and does not know where it is silent", async () => {
    const folder = await mkdtemp(join(tmpdir(), "redisha-blind-"));
    const [target, rule] = [`${addressOf(lab, "r1")}:9`, { alert: "Down", expr: "up == 0" }];
    const jobs = [{ job_name: "redis", static_configs: [{ targets: [target] }] }];
    const conf = { global: { scrape_interval: "1s" }, rule_files: ["rules.yml"], scrape_configs: jobs };
    await writeFile(join(folder, "prometheus.yml"), JSON.stringify(conf));
    await writeFile(join(folder, "rules.yml"), JSON.stringify({ groups: [{ name: "redis", rules: [rule] }] }));
    const blind = await startPrometheus(folder);
    await until(async () => (await blind.query("up == 0")).length === 1);
    const file = await variant(lab, "blind", { preflight: { prometheus: blind.url } });
    const look = () => preflight(file, ["--only", "exporter-scraped,alert-rules"], { env });
    const seen = await look();
    expect(seen.of("exporter-scraped", "r1:6379")).toMatchObject({
      verdict: "fail",
      measured: expect.stringMatching(/^down: .*connection refused$/),
    });
    expect(seen.verdicts).toEqual({ "exporter-scraped": "fail", "alert-rules": "fail" });
    await blind.stop();
    expect((await look()).verdicts).toEqual({ "exporter-scraped": "unknown", "alert-rules": "unknown" });
  });

  it("fails for what servers do otherwise, and passes again once that is mended", async () => {
    const r2 = (...command: string[]) => lab.cli("r2:6379", ...command);
    const changes: Record<string, string> = {
      "min-replicas-to-write": "0",
      maxmemory: "0",
      "maxmemory-policy": "allkeys-random",
      maxclients: "200",
      "repl-backlog-size": "1mb",
      "client-output-buffer-limit": "replica 1mb 1mb 60",
      "replica-priority": "0",
      "replica-announce-ip": "127.0.0.99",
      appendonly: "no",
      masterauth: "not the one",
      "slowlog-log-slower-than": "1000",
      "tls-protocols": "TLSv1.1 TLSv1.2 TLSv1.3",
    };
    const before = new Map<string, string>();
    for (const name of Object.keys(changes)) {
      before.set(name, (await r2("CONFIG", "GET", name)).split("\n").slice(1).join("\n"));
    }
    for (const [name, value] of Object.entries(changes)) await r2("CONFIG", "SET", name, value);
    await lab.cli("r3:6379", "CONFIG", "SET", "replica-priority", "0");
    await r2("ACL", "SETUSER", "guest", "on", "nopass", "~*", "+@all");
    await r2("ACL", "SETUSER", "default", "on", ">a-password-for-all", "~*", "+@all");
    await lab.cli("r1:26379", "SENTINEL", "SET", "mymaster", "quorum", "1");
    await lab.cli("r2:26379", "SENTINEL", "SET", "mymaster", "down-after-milliseconds", "1000");
    await lab.cli("r1:6379", "SETRANGE", "big", String(11 * 1024 ** 2), "x");
    const busy =
      "local s=redis.call('TIME') repeat local n=redis.call('TIME') until (n[1]-s[1])*1000000+n[2]-s[2]>150000";
    await r2("EVAL_RO", busy, "0");
    const lasting = await endIn(3, "r2");
    await until(async () => (await r2("EXISTS", "big")) === "1");

    const seen = await see(ready);
    expect(failedIn(seen)).toEqual(
      [
        ...["announced-addresses", "auth-required", "backlog-size", "big-keys", "config-drift"],
        ...["dangerous-commands", "deployment-healthy"],
        ...[
          "default-user",
          "eviction-policy",
          "maxmemory",
          "min-replicas",
          "open-files",
          "output-buffers",
          "persistence",
        ],
        ...["replica-priorities", "replication-login", "sentinel-down-after", "sentinel-quorum", "slow-commands"],
        ...["tls-expiry", "tls-protocols"],
      ].sort(),
    );
    expect(seen.of("backlog-size", "r1:6379")).toMatchObject({ verdict: "pass" });
    expect(seen.of("tls-expiry", "r2:6379")?.measured).toMatch(/, in (2|3)d/);
    expect(seen.of("replication-login", "r2:6379")?.measured).toMatch(/not let in by r1:6379, r3:6379/);

    await r2("ACL", "DELUSER", "guest");
    await r2("ACL", "SETUSER", "default", "reset", "off");
    for (const [name, value] of before) await r2("CONFIG", "SET", name, value);
    await lab.cli("r3:6379", "CONFIG", "SET", "replica-priority", "100");
    await lab.cli("r1:26379", "SENTINEL", "SET", "mymaster", "quorum", "2");
    await lab.cli("r2:26379", "SENTINEL", "SET", "mymaster", "down-after-milliseconds", "60000");
    await lab.cli("r1:6379", "DEL", "big");
    await r2("SLOWLOG", "RESET");
    await writeFile(lasting.path, lasting.text);
    await until(async () => (await r2("EXISTS", "big")) === "0");
    const mended = await see(ready);
    expect(failedIn(mended)).toEqual([]);
  });

  it("goes by thresholds of one's own, and says whose they are", async () => {
    const strict = {
      "disk-room": "{ factor: 1000000000 }",
      "slow-fork": "{ most: 0ms }",
      "deployment-healthy": "{ tolerates: 3 }",
    };
    await withThresholds(lab, strict, async (own) => {
      const seen = await preflight(ready, ["--only", Object.keys(strict).join(",")], { env });
      expect(seen.verdicts).toEqual({ "disk-room": "fail", "slow-fork": "fail", "deployment-healthy": "fail" });
      const { stderr } = await redisha(["preflight", "--file", ready, "--only", "waivers"], { env });
      expect(stderr).toContain(`using your own preflight runbook: ${own}`);
    });
  });

  it("says of a server that is down that it does not answer, and that nothing else is known of it", async () => {
    await lab.kill("r3:6379");
    const seen = await see(ready);
    expect(seen.verdicts).toMatchObject({ "instances-answer": "fail", "deployment-healthy": "fail" });
    expect(seen.of("instances-answer", "r3:6379")?.measured).toMatch(/^no answer: .*refuses connections/);
    for (const { check, results } of seen.report.checks) {
      for (const { subject, verdict } of results) {
        if (subject === "r3:6379" && check !== "instances-answer") expect(verdict, check).toBe("unknown");
      }
    }
    await lab.restart("r3:6379");
  });

  it("is left as it is by --fix where a host is the machine that redisha runs on", async () => {
    const fix = ["--only", "overcommit-memory", "--fix", "--dry-run"];
    const { stdout } = await redisha(["preflight", "--file", lab.file, ...fix]);
    expect(stdout).toContain("Plan of preflight-fix");
    expect(stdout).not.toMatch(/init-os|sysctl/);
  });
});

describe("preflight of a deployment that nobody cared for", () => {
  let lab: TestLab;
  const clients: ChildProcess[] = [];
  beforeAll(async () => {
    lab = await bringUpLab({ ssh: false, downAfterMs: 60_000 });
  });
  afterAll(async () => {
    for (const client of clients) client.kill();
    await lab?.down();
  });

  const subscriber = (port: string) => {
    const program = join(ENGINE_ROOT, "redis-7.0", "bin", "redis-cli");
    clients.push(spawn(program, ["-h", addressOf(lab, "r1"), "-p", port, "SUBSCRIBE", "news"]));
  };
  // Sentinels subscribe too, by names of their own.
  const connected = (id: string) => async () =>
    / name= .* sub=1 .*cmd=subscribe/.test(await lab.cli(id, "CLIENT", "LIST"));

  it("fails for a port in clear, and does not know what only its hosts could tell", async () => {
    const seen: Seen = await preflight(lab.file, ["--only", `tls-required,auth-required,open-files,${OF_HOSTS}`]);
    expect(seen.verdicts).toMatchObject({
      "tls-required": "fail",
      "auth-required": "fail",
      "open-files": "unknown",
      "overcommit-memory": "unknown",
      "huge-pages": "unknown",
      "clock-skew": "unknown",
    });
    expect(seen.of("huge-pages", "r1")?.measured).toMatch(/could not be asked/);
  });

  it("tells clients that ask no Sentinel from those that do", async () => {
    const look = async () => (await preflight(lab.file, ["--only", "clients-sentinel-aware"])).verdicts;
    expect(await look()).toEqual({ "clients-sentinel-aware": "skip" });
    subscriber("6379");
    await until(connected("r1:6379"));
    expect(await look()).toEqual({ "clients-sentinel-aware": "fail" });
    subscriber("26379");
    await until(connected("r1:26379"));
    expect(await look()).toEqual({ "clients-sentinel-aware": "pass" });
  });

  it("fails where a name stands among addresses", async () => {
    expect((await preflight(lab.file, ["--only", "sentinel-names"])).verdicts).toEqual({ "sentinel-names": "pass" });
    await lab.cli("r2:6379", "CONFIG", "SET", "replica-announce-ip", "localhost");
    expect((await preflight(lab.file, ["--only", "sentinel-names"])).verdicts).toEqual({ "sentinel-names": "fail" });
    await lab.cli("r2:6379", "CONFIG", "SET", "replica-announce-ip", "");
  });

  it("is mended by --fix as far as that is safe, in memory and in the files, and can be taken back", async () => {
    const only = ["--only", "min-replicas,backlog-size,auth-required"];
    const backlog = async (id: string) => (await lab.cli(id, "CONFIG", "GET", "repl-backlog-size")).split("\n")[1];
    const was = await backlog("r1:6379");
    const planned = await redisha(["preflight", "--file", lab.file, ...only, "--fix", "--dry-run"]);
    expect(planned.stdout).toContain("r1:6379  redis> CONFIG SET repl-backlog-size 1073741824");
    expect(await backlog("r1:6379")).toBe(was);
    const mended = await preflight(lab.file, [...only, "--fix"]);
    expect(mended).toMatchObject({
      exit: 4,
      verdicts: { "min-replicas": "pass", "backlog-size": "pass", "auth-required": "fail" },
    });
    await lab.restart("r2:6379");
    expect(await backlog("r2:6379")).toBe("1073741824");
    const back = await redisha(["runs", "rollback", "last", "--yes"]);
    expect(back).toMatchObject({ code: 0 });
    expect(await backlog("r1:6379")).toBe(was);
  });

  it("fails for memory that was given back in splinters, and passes while it is full", async () => {
    const fragmentation = async (id: string) =>
      (await preflight(lab.file, ["--only", "fragmentation"])).of("fragmentation", id)?.verdict;
    const r1 = (script: string) => lab.cli("r1:6379", "EVAL", script, "0");
    await withThresholds(lab, { fragmentation: "{ from: 1mb, most: 3 }" }, async () => {
      await r1("for i = 1, 40000 do redis.call('SET', 'k' .. i, string.rep('x', 1000)) end");
      expect(await fragmentation("r1:6379")).toBe("pass");
      await r1("for i = 1, 40000 do if i % 10 > 0 then redis.call('DEL', 'k' .. i) end end");
      expect(await fragmentation("r1:6379")).toBe("fail");
    });
    await lab.cli("r1:6379", "FLUSHALL");
  });
});
