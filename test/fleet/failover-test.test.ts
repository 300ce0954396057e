import { afterAll, beforeAll, expect, it } from "vitest";
import type { Servers } from "../support/drills.ts";
import { type ComparableReport, startOwnClients } from "../support/own-clients.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";
import { deployCluster } from "./harness/deploy-cluster.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import { DATA_PORT, type FleetDeployment, SENTINEL_PORT } from "./harness/deployment.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

interface Outcome {
  readonly status: string;
  readonly exit: number;
  readonly error: { readonly code: string } | null;
  readonly report: ComparableReport & { readonly old_primary: string };
}

/**
 * One round is what CI has time for. REDISHA_FLEET_ROUNDS asks for more: of every mode, with clients that share nothing with
 * the probes, and what they saw is printed.
 */
const ROUNDS = Number(process.env.REDISHA_FLEET_ROUNDS ?? 1);
const EVERY_ROUND = Array.from({ length: ROUNDS }, (_, n) => n + 1);
const MODES = ["crash", "partition", "partition_all", "hang", "host"];

const PASSWORD = "s3cret";

/** Figures are measured with the other clients on the same two cores; what is held is that nothing was lost. */
async function drill(deployment: FleetDeployment, mode: string, ...flags: string[]): Promise<Outcome> {
  const argv = ["failover-test", "--file", deployment.file, "--mode", mode, "--yes", "--watch", "1s", "--hold", "1s"];
  const { stdout, stderr } = await redisha([...argv, ...flags, "--json"]);
  const { result, error }: { result?: Outcome; error?: Outcome["error"] } = JSON.parse(stdout || "{}");
  if (!result) throw new Error(`no result: ${JSON.stringify(error)} ${stderr.slice(-2_000)}`);
  return result;
}

/** A drill beside clients of their own, where rounds were asked for: held is that the two saw the same. */
async function compared(fleet: Fleet, deployment: FleetDeployment, mode: string, password?: string): Promise<Outcome> {
  if (ROUNDS === 1) return drill(deployment, mode);
  const own = startOwnClients(serversOf(fleet, password === undefined ? "cluster" : "sentinel"), password);
  const done = await drill(deployment, mode);
  const rows = await own.compare(done.report, (primary, key) => deployment.cli(primary, "LRANGE", key, "0", "-1"));
  const { write_outage_ms, lost_writes } = done.report.figures;
  process.stdout.write(`${JSON.stringify({ mode, write_outage_ms, lost_writes, rows })}\n`);
  if (mode !== "partition") for (const { own_lost } of rows) expect(own_lost).toBe(0);
  return done;
}

/** As clients need to know them. */
function serversOf({ hosts }: Fleet, topology: "sentinel" | "cluster"): Servers {
  const services = [["redis", DATA_PORT] as const, ["sentinel", SENTINEL_PORT] as const];
  const processes = hosts.flatMap(({ address }) => services.map(([service, port]) => ({ service, address, port })));
  return { status: { topology, processes } };
}

/**
 * These hosts boot within two seconds, which nobody takes for a failure; real ones do not. The `+` is for Debian's unit, in
 * whose sandbox no other program than the server may be started.
 */
async function slowBoot(fleet: Fleet, { units }: FleetDeployment): Promise<void> {
  const folder = `/etc/systemd/system/${units.server}.service.d`;
  const text = "[Service]\\nExecStartPre=+/bin/sleep 8\\n";
  await Promise.all(
    fleet.hosts.map((host) =>
      host.exec(`mkdir -p ${folder} && printf '${text}' >${folder}/slow.conf && systemctl daemon-reload`),
    ),
  );
}

describeOnFleet("failover-test with Sentinel on real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    deployment = await deploySentinel(fleet, { password: PASSWORD });
  });
  afterAll(() => fleet?.down());

  it.each(EVERY_ROUND.flatMap((round) => MODES.map((mode) => [mode, round] as const)))(
    "%s: another takes over, and the old primary comes back as a replica (round %i)",
    async (mode) => {
      if (mode === "host") await slowBoot(fleet, deployment);
      const done = await compared(fleet, deployment, mode, PASSWORD);
      expect(done).toMatchObject({ status: "done", error: null });
      const { old_primary, new_primary, figures } = done.report;
      expect(new_primary).not.toBe(old_primary);
      // Whoever still reaches a primary that is cut off from its peers writes what nobody keeps.
      if (mode !== "partition") expect(figures.lost_writes).toBe(0);
      expect(await deployment.primaries()).toEqual([new_primary]);
      const host = fleet.host(old_primary.split(":")[0] ?? "");
      expect(await host.exec("ls /run/systemd/system/*.d 2>/dev/null || true")).not.toContain("redisha");
      expect(await host.exec("sudo -n nft list tables 2>/dev/null || true")).not.toContain("redisha");
      expect(await host.exec(`systemctl show -P Restart ${deployment.units.server}`)).toBe("always");
      await deployment.settled();
    },
  );

  it("refuses to reboot a host whose server would not start again", async () => {
    const [primary = ""] = await deployment.primaries();
    const host = fleet.host(primary.split(":")[0] ?? "");
    await host.exec(`systemctl disable ${deployment.units.server}`);
    const refused = await drill(deployment, "host");
    expect(refused).toMatchObject({ exit: 4, error: { code: "FAULT_NOT_ENABLED" } });
    await host.exec(`systemctl enable ${deployment.units.server}`);
  });

  it("leaves the host of a crashed server to heal itself when redisha is killed", async () => {
    const [primary = ""] = await deployment.primaries();
    const host = fleet.host(primary.split(":")[0] ?? "");
    let killed = false;
    await redisha(["failover-test", "--file", deployment.file, "--mode", "crash", "--yes", "-o", "jsonl"], {
      onStdout: (text, kill) => {
        if (!killed && text.includes('"phase":"fault"')) kill("SIGKILL");
        killed ||= text.includes('"phase":"fault"');
      },
    });
    expect(await host.exec(`systemctl is-active ${deployment.units.server} || true`)).not.toBe("active");
    await until(async () => (await host.exec(`systemctl is-active ${deployment.units.server} || true`)) === "active");
    await until(async () => (await host.exec(`systemctl show -P Restart ${deployment.units.server}`)) === "always");
    await deployment.settled();
  });
});

describeOnFleet("failover-test with a Cluster on real hosts", () => {
  let fleet: Fleet;
  let deployment: FleetDeployment;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 6 });
    deployment = await deployCluster(fleet);
  });
  afterAll(() => fleet?.down());

  const modes = ROUNDS === 1 ? ["crash", "partition", "host"] : MODES;
  const each = EVERY_ROUND.flatMap((round) => modes.map((mode) => [mode, round] as const));
  it.each(each)("%s: the replica takes over (round %i)", async (mode) => {
    if (mode === "host") await slowBoot(fleet, deployment);
    const done = await compared(fleet, deployment, mode);
    expect(done).toMatchObject({ status: "done", error: null });
    if (mode !== "partition") expect(done.report.figures.lost_writes).toBe(0);
    await deployment.settled();
  });
});
