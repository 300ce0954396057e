import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { doctor, evidenceOf, mend } from "../../support/doctor.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { redisha } from "../../support/redisha.ts";
import { until } from "../../support/until.ts";

const GROUP = "mymaster";
const PRIMARY = "r1:6379";

describe("doctor of a deployment with Sentinel", () => {
  let lab: TestLab;
  beforeAll(async () => {
    // Nothing here is to be failed over, by a machine that is busy or by what is broken.
    lab = await bringUpLab({ auth: "acl", downAfterMs: 300_000 });
    for (const host of ["r1", "r2", "r3"]) {
      await lab.cli(`${host}:26379`, "SENTINEL", "DEBUG", "INFO-PERIOD", "300", "PUBLISH-PERIOD", "300");
    }
  });
  afterAll(() => lab?.down());

  const set = (id: string, name: string, value: string) => lab.cli(id, "CONFIG", "SET", name, value);
  const watch = (id: string, name: string, value: string) => lab.cli(id, "SENTINEL", "SET", GROUP, name, value);
  const linkOf = async (id: string) => /master_link_status:(\w+)/.exec(await lab.cli(id, "INFO", "replication"))?.[1];

  it("finds nothing where nothing is wrong, and says what it looked at", async () => {
    const seen = await doctor(lab.file);
    expect(seen.report).toMatchObject({ diagnoses: [], not_seen: [], symptom: null });
    expect(seen.report.seen).toMatchObject({ servers: 3, sentinels: 3, hosts: 3, logs: 6, connections: 12 });
    expect(seen.exit).toBe(0);
    const text = await redisha(["doctor", "no-failover", "--file", lab.file]);
    expect(text.stdout).toMatch(/Nothing found for: the primary is gone, or would be, and nothing takes its place/);
  });

  it("names each of many causes with its evidence, tells no password, and each is mended by what it prints", async () => {
    await set("r2:6379", "masterauth", "not-the-one");
    await lab.cli("r2:6379", "CLIENT", "KILL", "TYPE", "master");
    for (const id of ["r2:6379", "r3:6379"]) await set(id, "replica-priority", "0");
    await set(PRIMARY, "min-replicas-to-write", "2");
    await watch("r2:26379", "quorum", "5");
    await watch("r2:26379", "down-after-milliseconds", "900000");
    await watch("r3:26379", "auth-pass", "not-the-one");
    await until(async () => (await linkOf("r2:6379")) === "down");
    await until(async () =>
      /WRONGPASS/.test(await readFile(join(lab.status.folder, "hosts/r2/6379/redis.log"), "utf8")),
    );
    await until(async () => /disconnected/.test(await lab.cli("r3:26379", "SENTINEL", "MASTER", GROUP)));
    await until(async () => /min_slaves_good_slaves:1/.test(await lab.cli(PRIMARY, "INFO", "replication")));

    const seen = await doctor(lab.file);
    expect(seen.exit).toBe(9);
    expect([...new Set(seen.causes)].sort()).toEqual(
      ["no-candidate", "no-quorum", "sentinel-login", "slow-detection", "too-few-replicas", "wrong-masterauth"].sort(),
    );
    const login = seen.of("wrong-masterauth");
    expect(login).toMatchObject({ confidence: "certain", subjects: ["r2:6379", PRIMARY] });
    expect(evidenceOf(login)).toMatch(/r2:6379 log .*redis\.log: .*WRONGPASS/);
    expect(evidenceOf(login)).toMatch(/r1:6379 ACL LOG: refused a login of replication/);
    expect(evidenceOf(seen.of("sentinel-login"))).toMatch(/r1:6379 ACL LOG: refused the login of sentinel/);
    expect(evidenceOf(seen.of("no-quorum"))).toMatch(/r2:26379 SENTINEL MASTER quorum: 5/);
    expect(evidenceOf(seen.of("no-candidate"))).toMatch(/r2:6379 CONFIG GET replica-priority: 0/);
    expect(seen.of("slow-detection").message).toMatch(/r2:26379 waits up to 15m/);
    expect(evidenceOf(seen.of("too-few-replicas"))).toMatch(/min_slaves_good_slaves: 1/);
    for (const role of ["operator", "replication", "sentinel"]) {
      const secret = (await readFile(join(lab.status.folder, "secrets", `${role}.password`), "utf8")).trim();
      expect(JSON.stringify(seen.report)).not.toContain(secret);
    }
    expect(JSON.stringify(seen.report)).not.toContain("not-the-one");
    expect((await doctor(lab.file, "NOREPLICAS")).causes).toEqual(["too-few-replicas"]);

    await mend(lab.file, seen.of("too-few-replicas"));
    expect(await lab.cli(PRIMARY, "SET", "again", "1")).toBe("OK");
    for (const cause of ["wrong-masterauth", "sentinel-login", "no-quorum", "slow-detection", "no-candidate"]) {
      await mend(lab.file, seen.of(cause));
    }
    expect(await linkOf("r2:6379")).toBe("up");
    expect((await doctor(lab.file)).causes).toEqual([]);
  });

  it("gives a Sentinel's user back a right that it lost, which shows only in what servers refused", async () => {
    await lab.cli("r2:6379", "ACL", "SETUSER", "sentinel", "-info");
    await until(async () => /sentinel/.test(await lab.cli("r2:6379", "ACL", "LOG", "1")));
    const found = (await doctor(lab.file, "--only", "sentinel-login")).of("sentinel-login");
    expect(evidenceOf(found)).toMatch(/refused the command info of sentinel/);
    await mend(lab.file, found);
    expect(await lab.cli("r2:6379", "ACL", "LIST")).toMatch(/user sentinel .*\+info/);
    expect((await doctor(lab.file, "--only", "sentinel-login")).causes).toEqual([]);
  });

  it("tells before a failover that a Sentinel's user may not do what a failover takes", async () => {
    await lab.cli("r3:6379", "ACL", "SETUSER", "sentinel", "-slaveof");
    const found = (await doctor(lab.file, "no-failover")).of("sentinel-login");
    expect(evidenceOf(found)).toMatch(/r3:6379 ACL LIST: sentinel may not slaveof/);
    await mend(lab.file, found);
    expect((await doctor(lab.file, "no-failover")).causes).toEqual([]);
  });

  it("has Sentinels forget an address that is gone, one after the other", async () => {
    // A replica tells its address when it connects.
    const announce = async (address: string) => {
      await set("r3:6379", "replica-announce-ip", address);
      await lab.cli("r3:6379", "CLIENT", "KILL", "TYPE", "master");
    };
    await announce("127.0.0.99");
    const known = async () => await lab.cli("r2:26379", "SENTINEL", "REPLICAS", GROUP);
    await until(async () => (await known()).includes("127.0.0.99"));
    const address = lab.status.processes.find(({ id }) => id === "r3:6379")?.address ?? "";
    await announce(address);
    await until(async () => !(await lab.cli(PRIMARY, "INFO", "replication")).includes("127.0.0.99"));
    const found = (await doctor(lab.file, "--only", "stale-sentinel-peers")).of("stale-sentinel-peers");
    expect(found.message).toMatch(/replica 127\.0\.0\.99:6379/);
    if (found.mend) found.mend.command += " --input pause=0s";
    await mend(lab.file, found);
    expect(await known()).not.toContain("127.0.0.99");
  });

  it("says why a server is gone, and what it could not look at, and goes on", async () => {
    await lab.kill("r3:6379");
    await lab.kill("r3:26379", "SIGSTOP");
    const seen = await doctor(lab.file, "no-connection");
    const [first, second] = seen.report.diagnoses.filter(({ cause }) => cause === "server-down");
    expect(first).toMatchObject({
      subjects: ["r3:6379"],
      message: expect.stringMatching(/nothing listens on its port/),
    });
    expect(second).toMatchObject({
      subjects: ["r3:26379"],
      message: expect.stringMatching(/its process hangs, or is busy/),
    });
    expect(seen.report.not_seen).toContainEqual(expect.objectContaining({ where: "r3:6379", what: "server" }));
    await lab.restart("r3:6379");
  });

  it("sees that a Sentinel was stalled, by what it wrote when it went on", async () => {
    await lab.kill("r3:26379", "SIGCONT");
    await until(async () => /sentinel_tilt:1/.test(await lab.cli("r3:26379", "INFO", "sentinel")));
    const found = (await doctor(lab.file, "--only", "sentinel-tilt")).of("sentinel-tilt");
    expect(found.message).toMatch(/r3:26379 is in TILT/);
    expect(evidenceOf(found)).toMatch(/r3:26379 log .*\+tilt/);
  });

  it("counts the Sentinels that are left against what a failover takes", async () => {
    await lab.kill("r2:26379");
    await lab.kill("r3:26379");
    const found = (await doctor(lab.file, "NOQUORUM")).of("no-quorum");
    expect(found.message).toMatch(
      /1 of 3 Sentinels take part; a failover needs 2, and r2:26379 and r3:26379 do not answer/,
    );
    expect(evidenceOf(found)).toMatch(/r1:26379 SENTINEL MASTER mymaster: quorum 2/);
    await lab.restart("r2:26379", "r3:26379");
    await expect
      .poll(async () => (await doctor(lab.file, "--only", "no-quorum,server-down")).causes, { timeout: 60_000 })
      .toEqual([]);
  });

  it("sees names among addresses", async () => {
    await set("r2:6379", "replica-announce-ip", "localhost");
    const found = (await doctor(lab.file, "--only", "mixed-names")).of("mixed-names");
    expect(evidenceOf(found)).toMatch(/r2:6379 replica-announce-ip: localhost:6379/);
    await set("r2:6379", "replica-announce-ip", "");
  });

  it("refuses a symptom that there is not, and names the one that is meant", async () => {
    const { code, stderr } = await redisha(["doctor", "no-failovr", "--file", lab.file]);
    expect(code).toBe(2);
    expect(stderr.replaceAll(/\s+/g, " ")).toContain("did you mean no-failover?");
  });
});
