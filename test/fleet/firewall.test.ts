import { writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { packagePath } from "../../src/core/package-root.ts";
import { preflight } from "../support/preflight.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

const LISTEN_6 =
  'import socket,time; s=socket.socket(socket.AF_INET6); s.setsockopt(1,2,1); s.bind(("fd77::1",6400)); s.listen(50)\nwhile True: s.accept()[0].close()';
const LISTEN =
  'import socket,time; s=socket.socket(); s.setsockopt(1,2,1); s.bind(("0.0.0.0",6379)); s.listen(50)\nwhile True: s.accept()[0].close()';

/** r1 and r2 are the deployment, with something that listens on 6379; r3 is a stranger on the same network. */
describeOnFleet("the firewall of real hosts", () => {
  let fleet: Fleet;
  let file: string;
  /** init-firewall with a lease of ten seconds. */
  let impatient: string;

  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    const hosts = Object.fromEntries(["r1", "r2"].map((name) => [name, { address: fleet.host(name).address }]));
    file = join(fleet.folder, "redisha.yaml");
    const deployment = {
      topology: "replication",
      hosts,
      engine: { name: "redis", version: "7.0" },
      redis: { on: ["r1", "r2"], port: 6379, initial_primary: "r1" },
      ssh: { user: "ops", port: 22, identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      firewall: { manager: "ufw" },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { prod: deployment } }));
    impatient = join(fleet.folder, "impatient.yaml");
    const shipped = await readFile(packagePath("runbooks", "init-firewall.yaml"), "utf8");
    writeFileSync(impatient, shipped.replace("armed: 60s", "armed: 10s"));
    for (const name of ["r1", "r2"]) await listen(name);
  });
  afterAll(() => fleet?.down());

  const listen = async (name: string) => {
    await fleet.host(name).exec("cat >/root/listen.py", { input: LISTEN });
    await fleet.host(name).exec("systemd-run --unit=listen python3 /root/listen.py");
    await until(async () => (await reach(name, name)) === "open");
  };
  const reach = (from: string, to: string, port = 6379) => {
    const attempt = `timeout 3 bash -c '</dev/tcp/${fleet.host(to).address}/${port}' 2>/dev/null`;
    return fleet.host(from).exec(`${attempt} && echo open || echo closed`);
  };
  const sums = (name: string) => fleet.host(name).exec("cd /etc/ufw && sha256sum user.rules user6.rules ufw.conf");
  const status = (name: string) => fleet.host(name).exec("ufw status | head -n 1");
  const run = (runbook: string, ...more: string[]) => redisha(["run", runbook, "--file", file, "--yes", ...more]);

  it("that would lock SSH out, by rules that redisha does not know, heal by themselves within the lease", async () => {
    const r1 = fleet.host("r1");
    const before = await sums("r1");
    const drop = "-A ufw-before-input -p tcp --dport 22 -j DROP";
    await r1.exec(
      `cp /etc/ufw/before.rules /root/ && sed -i '/^# allow all on loopback/i ${drop}' /etc/ufw/before.rules`,
    );
    const ended = await run(impatient);
    expect(ended.code).not.toBe(0);
    await until(async () => (await status("r1")) === "Status: inactive");
    expect(await sums("r1")).toBe(before);
    expect((await r1.ssh("true")).code).toBe(0);
    expect(await status("r2")).toBe("Status: inactive");
    await r1.exec("cp /root/before.rules /etc/ufw/before.rules");
  });

  it("lets the deployment in, and neither a stranger on the same network nor this machine", async () => {
    await fleet.host("r1").exec("ufw deny 22 && ufw allow 8080");
    const ended = await run("init-firewall");
    expect(ended).toMatchObject({ code: 0 });
    expect(await reach("r2", "r1")).toBe("open");
    expect(await reach("r3", "r1")).toBe("closed");
    expect(await reach("r3", "r1", 22)).toBe("closed");
    const { stdout } = await run("init-firewall", "-o", "jsonl");
    expect(stdout).not.toContain('"status":"changed"');
    expect((await fleet.host("r1").ssh("true")).code).toBe(0);
  });

  it("changes nothing the second time, and keeps the rules of others", async () => {
    const before = await sums("r1");
    expect(await run("init-firewall")).toMatchObject({ code: 0 });
    expect(await sums("r1")).toBe(before);
    expect(await fleet.host("r1").exec("ufw show added")).toMatch(/ufw deny 22\nufw allow 8080/);
  });

  it("is the same after a reboot", async () => {
    await fleet.reboot("r1");
    await listen("r1");
    expect(await reach("r2", "r1")).toBe("open");
    expect(await reach("r3", "r1")).toBe("closed");
    expect((await fleet.host("r1").ssh("true")).code).toBe(0);
  });

  it("filters IPv6 as it does IPv4", async () => {
    for (const [at, { exec }] of fleet.hosts.entries()) {
      await exec(`ip -6 address add fd77::${at + 1}/64 dev eth0 nodad`);
    }
    const [r1, r2, r3] = [fleet.host("r1"), fleet.host("r2"), fleet.host("r3")];
    await r1.exec("cat >/root/listen6.py", { input: LISTEN_6 });
    await r1.exec("systemd-run --unit=listen6 python3 /root/listen6.py");
    const file6 = join(fleet.folder, "six.yaml");
    const { prod } = parse(await readFile(file, "utf8")).deployments;
    const hosts = {
      r1: { address: r1.address, redis_address: "fd77::1" },
      r2: { address: r2.address, redis_address: "fd77::2" },
    };
    const six = { ...prod, hosts, redis: { on: ["r1", "r2"], port: 6400 } };
    writeFileSync(file6, stringify({ version: 1, deployments: { six } }));
    const look = "timeout 3 bash -c '</dev/tcp/fd77::1/6400' 2>/dev/null && echo open || echo closed";
    const ended = await redisha(["run", "init-firewall", "--file", file6, "--yes"]);
    expect(ended, ended.stdout + ended.stderr).toMatchObject({ code: 0 });
    await until(async () => (await r2.exec(look)).trim() === "open");
    expect((await r3.exec(look)).trim()).toBe("closed");
  });

  it("passes preflight while it keeps this machine out, and not once somebody has let everybody in", async () => {
    const outside = () => preflight(file, ["--only", "firewall-outside"]);
    expect((await outside()).of("firewall-outside", "r1")).toMatchObject({ verdict: "pass" });
    await fleet.host("r1").exec("ufw allow 6379");
    expect((await outside()).of("firewall-outside", "r1")).toMatchObject({
      verdict: "fail",
      measured: expect.stringMatching(/^open: this machine .*:6379/),
    });
  });

  it("names what lets a stranger in", async () => {
    const { code, stdout, stderr } = await run("init-firewall");
    expect(code).toBe(10);
    expect(stdout + stderr).toContain("FIREWALL_EXPOSES");
  });

  it("heals by itself when redisha is killed before the way in is proved", async () => {
    await fleet.host("r1").exec("ufw --force disable");
    const before = await sums("r1");
    let killed = false;
    await redisha(["run", impatient, "--file", file, "--yes", "-o", "jsonl"], {
      onStdout: (text, kill) => {
        if (!killed && /"type":"op_finished"[^\n]*\.apply"/.test(text)) kill("SIGKILL");
        killed ||= /"type":"op_finished"[^\n]*\.apply"/.test(text);
      },
    });
    expect(killed).toBe(true);
    expect(await status("r1")).toBe("Status: active");
    await until(async () => (await status("r1")) === "Status: inactive");
    expect(await sums("r1")).toBe(before);
  });
});
