import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { redisha } from "../support/redisha.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";
import { offerPool } from "./harness/releases.ts";

const PASSWORD = 'of-the "exporter" $1';
const UNITS = ["redis-exporter-measured.service", "redis-exporter-measured-sentinel.service"];

describeOnFleet("init of a bare host without a firewall, which is to be measured", () => {
  let fleet: Fleet;
  let file: string;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 1 });
    writeFileSync(join(fleet.folder, "password"), "the-operators-0wn", { mode: 0o600 });
    writeFileSync(join(fleet.folder, "exporter"), PASSWORD, { mode: 0o600 });
    file = join(fleet.folder, "redisha.yaml");
    declare({ password: { file: "exporter" } });
  });
  afterAll(() => fleet?.down());

  const declare = (exporter: Record<string, unknown>) => {
    const login = { password: { file: "password" } };
    const deployment = {
      ...{ topology: "sentinel", master_name: "mymaster", tls: { authority: {}, clients: "required" } },
      hosts: { r1: { address: fleet.host("r1").address } },
      engine: { name: "redis", version: "7.0", source: "apt" },
      redis: { on: ["r1"], config: { maxmemory: "100mb" } },
      sentinel: { on: ["r1"] },
      ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
      firewall: { manager: "ufw" },
      auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
      users: { replication: login, sentinel: login, exporter },
      monitoring: { exporter: { on: ["r1"], from: ["10.9.9.9"] } },
    };
    writeFileSync(file, stringify({ version: 1, deployments: { measured: deployment } }));
  };

  const init = async (...flags: string[]) => {
    const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
    const { result, error } = JSON.parse(stdout || "{}");
    return { code, result, error, said: `${JSON.stringify(error)} ${stderr}` };
  };
  const onHost = (command: string) => fleet.host("r1").exec(command);

  it("installs no server where the firewall that is declared cannot be had", async () => {
    await onHost("apt-get -qq -y purge ufw");
    const { code, error, said } = await init("--yes");
    expect({ code, error: error?.code }, said).toEqual({ code: 1, error: "PACKAGE_NOT_INSTALLED" });
    expect(await onHost("dpkg-query -W -f '${db:Status-Abbrev}' 'redis-*' 2>/dev/null || true")).not.toContain("ii");
  });

  it("installs it, and starts exporters that measure the server and the Sentinel", async () => {
    await offerPool(fleet.host("r1"), "bookworm-extras");
    const { code, said } = await init("--yes");
    expect(code, said).toBe(0);
    expect(said).not.toContain(PASSWORD);
    expect(await onHost("ufw status")).toMatch(/9121\/tcp +ALLOW +10\.9\.9\.9/);
    expect(await onHost(`systemctl is-enabled ${UNITS.join(" ")}`)).toBe("enabled\nenabled");
    expect(await onHost("systemctl is-enabled prometheus-redis-exporter.service || true")).toBe("disabled");
    expect(await onHost("stat -c '%U %a' /etc/redis-exporter/*.password")).toBe("root 600\nroot 600");
    const before = await onHost(`systemctl show -P ExecMainStartTimestampMonotonic ${UNITS.join(" ")}`);
    expect(await init("--yes")).toMatchObject({ code: 0, result: { differs: false } });
    expect(await onHost(`systemctl show -P ExecMainStartTimestampMonotonic ${UNITS.join(" ")}`)).toBe(before);
  });

  it("names what somebody changed of them, and mends it", async () => {
    await onHost("chmod 644 /etc/redis-exporter/redis-exporter-measured.password");
    await onHost(`sed -i s/9122/9123/ /etc/systemd/system/${UNITS[1]} && systemctl stop ${UNITS[0]}`);
    const { code, result } = await init("--drift");
    expect(code).toBe(4);
    expect(result.hosts.r1.monitoring.map(({ name }: { name: string }) => name)).toEqual([
      `/etc/systemd/system/${UNITS[1]}`,
      "/etc/redis-exporter/redis-exporter-measured.password",
      UNITS[0],
      UNITS[1],
    ]);
    const mended = await init("--yes", "--only", "monitoring");
    expect(mended.code, mended.said).toBe(0);
    expect((await init("--drift")).code).toBe(0);
  });

  it("gives them a new password when it is rotated, with which they go on measuring", async () => {
    writeFileSync(join(fleet.folder, "next"), "another-of-the-exporter", { mode: 0o600 });
    declare({ password: { file: "next" }, previous_password: { file: "exporter" } });
    // Until servers take the new one, the old one is as it should be.
    expect((await init("--drift")).result.hosts.r1?.monitoring ?? []).toEqual([]);
    const { code, stderr } = await redisha(["rotate", "--now", "--yes", "--watch", "1s", "--file", file]);
    expect(code, stderr).toBe(0);
    expect(await onHost("cat /etc/redis-exporter/redis-exporter-measured.password")).toContain("another-of-the");
    declare({ password: { file: "next" } });
    expect(await init("--drift")).toMatchObject({ code: 0 });
  });
});
